/**
 * Who this browser tab is signed in as. Kept in sessionStorage, so it ends with the tab and no other tab sees it.
 *
 * A session is {label, accessToken} for a pasted token, and has {refreshToken, expiresAt} besides after
 * signing in with email and password.
 */
import { messagesOf, postGraphQL } from "./http.js";

const STORAGE_KEY = "sadu:session";
const PUBLIC_ENDPOINT = "/graphql";
// Renew a little early: a token must not expire while its request is on the way.
const EARLY_MILLISECONDS = 30_000;

const SIGN_IN = `mutation SessionSignIn($email: String!, $password: String!) {
  result: sessionSignIn(input: { email: $email, password: $password }) {
    session { accessToken refreshToken expiresIn }
    challenge { token }
    userErrors { code message field }
  }
}`;

const VERIFY = `mutation SessionVerify($challenge: String!, $code: String!) {
  result: sessionVerify(input: { challenge: $challenge, code: $code }) {
    session { accessToken refreshToken expiresIn }
    userErrors { code message field }
  }
}`;

const RECOVER = `mutation SessionRecover($email: String!, $password: String!, $recoveryCode: String!) {
  result: sessionRecover(input: { email: $email, password: $password, recoveryCode: $recoveryCode }) {
    session { accessToken refreshToken expiresIn }
    userErrors { code message field }
  }
}`;

const REFRESH = `mutation SessionRefresh($refreshToken: String!) {
  result: sessionRefresh(input: { refreshToken: $refreshToken }) {
    session { accessToken refreshToken expiresIn }
    userErrors { code message field }
  }
}`;

// A key is no person, so it is asked nothing but whether it is good: one that is not is refused whatever is asked.
const KEY_PREFIX = "sadu_live_";
const TRY_KEY = "{ __typename }";
const TRY_TOKEN = "{ viewer { person { name } } }";

let session = readStored();
let renewing = null;
const listeners = new Set();

/** Calls the listener whenever somebody signs in or out (not when a token is merely renewed). */
export function onSessionChange(listener) {
  listeners.add(listener);
}

/** What to call the signed-in one, or null. */
export function signedInAs() {
  return session?.label ?? null;
}

/**
 * Signs in, unless the account has a second factor: then the answer is the two ways to give that.
 *
 * @returns {Promise<null | {verify: (code: string) => Promise<void>, recover: (code: string) => Promise<void>}>}
 */
export async function signIn(email, password) {
  const { session: granted, challenge } = await requestSession(SIGN_IN, { email, password });
  if (granted) return begin(email, granted);
  const finish = async (query, variables) => begin(email, (await requestSession(query, variables)).session);
  return {
    verify: (code) => finish(VERIFY, { challenge: challenge.token, code }),
    recover: (recoveryCode) => finish(RECOVER, { email, password, recoveryCode }),
  };
}

function begin(email, granted) {
  replaceSession({ label: email, ...grantedSession(granted) });
  return null;
}

/** Takes an access token or an API key as it was copied, with or without "Bearer", if the server takes it. */
export async function adoptToken(text) {
  const accessToken = text.trim().replace(/^bearer\s+/i, "");
  if (!/^[\x21-\x7e]+$/.test(accessToken)) throw new Error("That is not a token: it must be one word.");
  const isKey = accessToken.startsWith(KEY_PREFIX);
  const headers = { Authorization: `Bearer ${accessToken}` };
  const { result } = await postGraphQL(PUBLIC_ENDPOINT, { query: isKey ? TRY_KEY : TRY_TOKEN }, headers);
  if (!result?.data || result.errors) throw refusalOf(result);
  const holder = isKey ? "API key" : `${result.data.viewer.person.name} · token`;
  replaceSession({ label: `${holder} …${accessToken.slice(-4)}`, accessToken });
}

export function signOut() {
  replaceSession(null);
}

/** The token to send now, renewed first when it has expired; null for a guest. */
export async function currentToken() {
  const isExpired = session?.refreshToken && Date.now() > session.expiresAt - EARLY_MILLISECONDS;
  if (isExpired) await renewSession();
  return session?.accessToken ?? null;
}

/** Whether a refused request is worth repeating with a renewed token. */
export async function renewAfterRefusal(refusedToken) {
  if (!session?.refreshToken) return false;
  // Another request may have renewed it meanwhile.
  if (session.accessToken === refusedToken) await renewSession();
  return Boolean(session);
}

/** Requests that run side by side share one renewal: a refresh token may be good for one use only. */
function renewSession() {
  renewing ??= renewNow().finally(() => {
    renewing = null;
  });
  return renewing;
}

async function renewNow() {
  const old = session;
  try {
    const { session: granted } = await requestSession(REFRESH, { refreshToken: old.refreshToken });
    if (session === old) store({ ...old, ...grantedSession(granted) });
  } catch (error) {
    // A server that is away or too busy has not refused: the session may still be good.
    const hasEnded = error.codes?.includes("TOKEN_INVALID") && session === old;
    if (hasEnded) replaceSession(null, "Your session has ended. Sign in again.");
  }
}

/** Why there is no session, in the server's words; `codes` are those of the payload's user errors. */
class Refusal extends Error {
  constructor(message, codes) {
    super(message);
    this.codes = codes;
  }
}

function refusalOf(result, payload) {
  const message = messagesOf(result, payload).join(" ") || "The server gave no session.";
  return new Refusal(message, (payload?.userErrors ?? []).map((error) => error.code));
}

/** The payload, which has a session or asks for the second factor. */
async function requestSession(query, variables) {
  const { result } = await postGraphQL(PUBLIC_ENDPOINT, { query, variables });
  const payload = result?.data?.result;
  if (payload?.session || payload?.challenge) return payload;
  throw refusalOf(result, payload);
}

function grantedSession({ accessToken, refreshToken, expiresIn }) {
  const granted = { accessToken, expiresAt: Date.now() + expiresIn * 1000 };
  // A server that does not rotate refresh tokens sends none: then the old one stays.
  return refreshToken ? { ...granted, refreshToken } : granted;
}

function replaceSession(next, reason = null) {
  store(next);
  for (const listener of listeners) listener(reason);
}

function store(next) {
  session = next;
  if (next) sessionStorage.setItem(STORAGE_KEY, JSON.stringify(next));
  else sessionStorage.removeItem(STORAGE_KEY);
}

function readStored() {
  try {
    return JSON.parse(sessionStorage.getItem(STORAGE_KEY));
  } catch {
    return null;
  }
}
