/** Where requests go and for which tenant, as chosen in the bar; and the fetcher GraphiQL sends them with. */
import { messagesOf, postGraphQL } from "./http.js";
import { currentToken, renewAfterRefusal } from "./session.js";

const STORAGE_KEY = "sadu:connection";
export const PUBLIC_ENDPOINT = "/graphql";
export const PRIVILEGED_ENDPOINT = "/admin/graphql";

/** The choice of this tab: from the address (`?tenant=…&endpoint=admin` makes a link), else as chosen before. */
export function initialConnection() {
  const address = new URLSearchParams(location.search);
  const stored = readStored();
  const endpoint = address.has("endpoint") ? endpointNamed(address.get("endpoint")) : stored.endpoint;
  return {
    endpoint: endpoint === PRIVILEGED_ENDPOINT ? PRIVILEGED_ENDPOINT : PUBLIC_ENDPOINT,
    tenant: tenantSlug(address.get("tenant") ?? stored.tenant ?? "") ?? "",
  };
}

export function rememberConnection(connection) {
  sessionStorage.setItem(STORAGE_KEY, JSON.stringify(connection));
}

/** The slug in what was typed, or null when it cannot be one (a header takes ASCII only). */
export function tenantSlug(text) {
  const slug = text.trim().toLowerCase();
  return /^[a-z0-9-]*$/.test(slug) ? slug : null;
}

/**
 * A GraphiQL fetcher for one connection. A new connection needs a new fetcher: GraphiQL then reads the schema again.
 *
 * @param {{endpoint: string, tenant: string}} connection
 * @param {(message: string) => void} onRefused told why, when the server wants somebody else
 * @param {(result: object) => void} onAnswer told every answer, before GraphiQL shows it
 */
export function makeFetcher(connection, onRefused, onAnswer = () => {}) {
  return async ({ query, variables, operationName }, options = {}) => {
    const body = { query, variables, operationName };
    const send = (token) => postGraphQL(connection.endpoint, body, headersFor(connection, token, options.headers));
    const token = await currentToken();
    let answer = await send(token);
    if (answer.status === 401 && (await renewAfterRefusal(token))) answer = await send(await currentToken());
    if (answer.status === 401 || answer.status === 403) onRefused(refusalMessage(answer.result, token));
    onAnswer(answer.result);
    return answer.result;
  };
}

/** The headers of GraphiQL's own editor win over the bar, whatever their case. */
function headersFor({ tenant }, token, typedHeaders = {}) {
  const headers = new Headers();
  if (tenant) headers.set("Sadu-Tenant", tenant);
  if (token) headers.set("Authorization", `Bearer ${token}`);
  for (const [name, value] of Object.entries(typedHeaders ?? {})) headers.set(name, String(value));
  return Object.fromEntries(headers);
}

function refusalMessage(result, token) {
  const message = messagesOf(result)[0] ?? "The server refused.";
  return token ? message : `${message} You are not signed in.`;
}

function endpointNamed(name) {
  return name === "admin" ? PRIVILEGED_ENDPOINT : PUBLIC_ENDPOINT;
}

function readStored() {
  try {
    return JSON.parse(sessionStorage.getItem(STORAGE_KEY)) ?? {};
  } catch {
    return {};
  }
}
