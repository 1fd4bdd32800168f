// node ask.mjs FOLDER URL TENANT PASTED QUERY: what GraphiQL's page answers whoever pastes something into its sign-in.
// The page's own sources run here.
import { kept, sent, source } from './browser.mjs';

const [tenant, pasted, query] = process.argv.slice(4);
const { adoptToken, signedInAs } = await source('session.js');
const { makeFetcher, PUBLIC_ENDPOINT } = await source('connection.js');
const { pictureAddress, qrCodeOf } = await source('qr-code.js');
const refusals = [];
const pictures = [];
const ask = makeFetcher(
  { endpoint: PUBLIC_ENDPOINT, tenant },
  (message) => refusals.push(message),
  (answer) => qrCodeOf(answer.data) && pictures.push(pictureAddress(qrCodeOf(answer.data))),
);
let complaint = null;
try {
  await adoptToken(pasted);
} catch (error) {
  complaint = error.message;
}
const label = signedInAs();
const result = await ask({ query });
console.log(JSON.stringify({ complaint, label, sent, refusals, result, pictures, kept: kept() }));
