// As little of a browser as the sources of GraphiQL's page need: what it keeps, and a way to the server.
import { pathToFileURL } from 'node:url';

const [folder, origin] = process.argv.slice(2);
const storage = new Map();
globalThis.sessionStorage = {
  getItem: (name) => storage.get(name) ?? null,
  setItem: (name, text) => storage.set(name, text),
  removeItem: (name) => storage.delete(name),
};
export const kept = () => [...storage.values()];

export const network = { isUp: true };
export const sent = [];
const overNetwork = globalThis.fetch;
globalThis.fetch = async (path, given) => {
  sent.push(given.headers.authorization ?? given.headers.Authorization ?? null);
  if (!network.isUp) throw new TypeError('no network');
  return overNetwork(new URL(path, origin), given);
};

export const source = (name) => import(pathToFileURL(`${folder}/${name}`));
