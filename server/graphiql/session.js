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

const REFRESH = `mutation SessionRefresh($refreshToken: String!) {
  result: sessionRefresh(input: { refreshToken: $refreshToken }) {
    session { accessToken refreshToken expiresIn }
    userErrors { code message field }
  }
}`;

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

export async function signIn(email, password) {
  const granted = await requestSession(SIGN_IN, { email, password });
  replaceSession({ label: email, ...granted });
}

/** Takes an access token or an API key as it was copied, with or without "Bearer". */
export function adoptToken(text) {
  const accessToken = text.trim().replace(/^bearer\s+/i, "");
  if (!/^[\x21-\x7e]+$/.test(accessToken)) throw new Error("That is not a token: it must be one word.");
  const kind = accessToken.startsWith("sadu_live_") ? "API key" : "Token";
  replaceSession({ label: `${kind} …${accessToken.slice(-4)}`, accessToken });
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
    const granted = await requestSession(REFRESH, { refreshToken: old.refreshToken });
    if (session === old) store({ ...old, ...granted });
  } catch (error) {
    // A server that is away or too busy has not refused: the session may still be good.
    const hasEnded = error instanceof SessionRefused && session === old;
    if (hasEnded) replaceSession(null, "Your session has ended. Sign in again.");
  }
}

class SessionRefused extends Error {}

async function requestSession(query, variables) {
  const { status, result } = await postGraphQL(PUBLIC_ENDPOINT, { query, variables });
  const payload = result?.data?.result;
  if (payload?.session) return grantedSession(payload.session);
  if (payload?.challenge) return answerChallenge(payload.challenge.token);
  const reason = messagesOf(result, payload).join(" ") || "The server gave no session.";
  const isRefused = Boolean(payload) || status === 401 || status === 403;
  throw isRefused ? new SessionRefused(reason) : new Error(reason);
}

/** The password was right, and the account has a second factor. */
async function answerChallenge(challenge) {
  const code = window.prompt("The six digits that your authenticator app shows:");
  if (!code) throw new SessionRefused("Without the code of your authenticator app you are not signed in.");
  return requestSession(VERIFY, { challenge, code });
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
