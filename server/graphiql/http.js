/** Sends one GraphQL request. Every request of this page goes to its own origin through here. */

const ACCEPT = "application/graphql-response+json, application/json;q=0.9";

/**
 * Never throws: a failure on the way is told as a GraphQL error, with status 0.
 *
 * @param {string} endpoint path on this origin
 * @param {{query: string, variables?: object, operationName?: string}} body
 * @param {Record<string, string>} headers
 * @returns {Promise<{status: number, result: any}>}
 */
export async function postGraphQL(endpoint, body, headers = {}) {
  try {
    const response = await fetch(endpoint, {
      method: "POST",
      // No cookies: only what the bar shows may decide who is asking.
      credentials: "omit",
      headers: { "Content-Type": "application/json", Accept: ACCEPT, ...headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, result: await readResult(response) };
  } catch (error) {
    return { status: 0, result: { errors: [{ message: `The server cannot be reached: ${error.message}.` }] } };
  }
}

/** A proxy or a crash may answer without JSON: say so in the shape GraphiQL shows. */
async function readResult(response) {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    const message = `The server answered ${response.status} ${response.statusText} without JSON.`.replace("  ", " ");
    return { errors: [{ message, extensions: { body: text.slice(0, 500) } }] };
  }
}

/** The readable reasons in a GraphQL result: top-level errors and a payload's user errors. */
export function messagesOf(result, payload) {
  const errors = [...(result?.errors ?? []), ...(payload?.userErrors ?? [])];
  return errors.map((error) => error.message).filter(Boolean);
}
