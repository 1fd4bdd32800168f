/** Wires the bar above GraphiQL: endpoint, tenant, sign-in and examples. */
import { initialConnection, makeFetcher, rememberConnection, tenantSlug } from "./connection.js";
import { showExplorer } from "./explorer.js";
import { hideQrCode, showQrCode, wireQrCode } from "./qr-code.js";
import { onSessionChange, signOut, signedInAs } from "./session.js";
import { wireSignIn } from "./sign-in.js";

const EXAMPLES_URL = "/graphiql/examples.json";
const NOTICE_MILLISECONDS = 7_000;

const element = (id) => document.getElementById(id);
const connection = initialConnection();
let explorer;
let noticeTimer;

async function start() {
  const roles = await loadExamples();
  explorer = showExplorer(element("graphiql"), roles[0]?.examples[0]?.operation ?? "", fetcherNow());
  listExamples(roles);
  wireConnection();
  wireAccount();
  wireSignIn();
  wireQrCode();
  showConnection();
  showAccount();
}

function notify(message) {
  const notice = element("notice");
  notice.textContent = message;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => {
    notice.textContent = "";
  }, NOTICE_MILLISECONDS);
}

/* Connection */

function fetcherNow() {
  return makeFetcher({ ...connection }, notify, showQrCode);
}

function connect(change) {
  Object.assign(connection, change);
  rememberConnection(connection);
  showConnection();
  explorer.connect(fetcherNow());
}

function showConnection() {
  element("endpoint").value = connection.endpoint;
  element("tenant").value = connection.tenant;
  element("tenant").removeAttribute("aria-invalid");
}

function wireConnection() {
  element("endpoint").addEventListener("change", (event) => connect({ endpoint: event.target.value }));
  element("tenant").addEventListener("input", (event) => event.target.removeAttribute("aria-invalid"));
  element("tenant").addEventListener("change", (event) => chooseTenant(event.target));
}

function chooseTenant(input) {
  const tenant = tenantSlug(input.value);
  if (tenant !== null) return connect({ tenant });
  input.setAttribute("aria-invalid", "true");
  notify("A tenant's slug has only the letters a to z, digits and hyphens.");
}

/* Account */

function wireAccount() {
  element("sign-out").addEventListener("click", signOut);
  onSessionChange(sessionChanged);
}

function sessionChanged(reason) {
  const name = signedInAs();
  const wasAtSignOut = document.activeElement === element("sign-out");
  showAccount();
  hideQrCode();
  if (wasAtSignOut) element("sign-in").focus();
  notify(reason ?? (name ? `Signed in: ${name}` : "Signed out."));
  explorer.connect(fetcherNow());
}

function showAccount() {
  const name = signedInAs();
  element("account").textContent = name ?? "";
  element("account").title = name ? `Signed in as ${name}` : "";
  element("account").hidden = !name;
  element("sign-out").hidden = !name;
  element("sign-in").hidden = Boolean(name);
}

/* Examples */

async function loadExamples() {
  try {
    const response = await fetch(EXAMPLES_URL);
    return (await response.json()).roles;
  } catch {
    notify("The examples could not be loaded.");
    return [];
  }
}

function listExamples(roles) {
  element("examples").replaceChildren(...roles.map(roleSection));
  element("examples-button").disabled = roles.length === 0;
}

function roleSection({ role, label, hint, endpoint, examples }) {
  const section = make("section", { className: "examples-role" });
  section.setAttribute("aria-labelledby", `examples-${role}`);
  const list = make("ul");
  list.append(...examples.map((example) => exampleItem(example, endpoint)));
  section.append(
    make("h2", { id: `examples-${role}`, textContent: label }),
    make("p", { className: "hint", textContent: hint }),
    list,
  );
  return section;
}

function exampleItem(example, endpoint) {
  const button = make("button", { type: "button", className: "example", textContent: example.title });
  button.addEventListener("click", () => openExample(example, endpoint));
  const item = make("li");
  item.append(button);
  return item;
}

/** Opens the example where it works: each role has its endpoint. */
function openExample(example, endpoint) {
  element("examples").hidePopover();
  if (endpoint !== connection.endpoint) {
    connect({ endpoint });
    notify(`This example uses ${endpoint}: the endpoint was changed.`);
  }
  explorer.openExample({ operation: example.operation, variables: fillRandom(example.variables) });
}

/** Puts 128 random bits where an example's variables say {{random}}: an idempotency key is used once. */
function fillRandom(variables) {
  return variables.replaceAll("{{random}}", randomHex);
}

function randomHex() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function make(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}

start();
