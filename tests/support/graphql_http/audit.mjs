// node audit.mjs URL [TOKEN]: prints [{id, name, status, reason, answered}], one for each audit in the suite's order.
import { serverAudits } from './lib/audits/server.mjs';

const [url, token] = process.argv.slice(2);

function asked(address, given = {}) {
  const headers = token ? { ...given.headers, authorization: `Bearer ${token}` } : given.headers;
  return fetch(address, { ...given, headers });
}

async function run({ id, name, fn }) {
  try {
    const { status, reason, response } = await fn();
    return { id, name, status, reason, answered: response?.status };
  } catch (error) {
    return { id, name, status: 'fatal', reason: String(error) };
  }
}

const results = await Promise.all(serverAudits({ url, fetchFn: asked }).map(run));
console.log(JSON.stringify(results));
