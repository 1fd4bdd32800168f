// node sign_in.mjs FOLDER URL STEPS: does one thing after the other, as [["signIn", email, password], …] in JSON, and
// tells after each whether it was complained of, and who is signed in. The page's own sources run here.
import { kept, network, source } from './browser.mjs';

const session = await source('session.js');
const ended = [];
session.onSessionChange((reason) => reason && ended.push(reason));
const now = Date.now;
let secondFactor = null;
const steps = {
  signIn: async (email, password) => {
    secondFactor = await session.signIn(email, password);
  },
  verify: (code) => secondFactor.verify(code),
  recover: (code) => secondFactor.recover(code),
  hoursLater: (hours) => {
    Date.now = () => now() + hours * 3_600_000;
  },
  unplug: () => {
    network.isUp = false;
  },
  plugIn: () => {
    network.isUp = true;
  },
  renew: () => session.currentToken(),
  // Somebody has taken the tokens: what is kept here was used up by them.
  useUp: async () => {
    const { refreshToken } = JSON.parse(kept()[0]);
    const query = `mutation { sessionRefresh(input: { refreshToken: "${refreshToken}" }) { userErrors { code } } }`;
    const headers = { 'Content-Type': 'application/json' };
    await fetch('/graphql', { method: 'POST', headers, body: JSON.stringify({ query }) });
  },
};
const told = [];
for (const [step, ...given] of JSON.parse(process.argv[4])) {
  let [complaint, codes] = [null, []];
  try {
    await steps[step](...given);
  } catch (error) {
    [complaint, codes] = [error.message, error.codes];
  }
  const label = session.signedInAs();
  told.push({ complaint, codes, label, isAsked: Boolean(secondFactor), isKept: kept().length > 0, ended: [...ended] });
}
console.log(JSON.stringify(told));
