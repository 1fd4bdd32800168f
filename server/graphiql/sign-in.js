/** The dialog for signing in: by password, which may ask for a second factor, or by a token or key. */
import { adoptToken, onSessionChange, signIn } from "./session.js";

const element = (id) => document.getElementById(id);
const FORMS = ["password-form", "token-form", "code-form", "recovery-form"];

// The two ways to give the second factor, while the server waits for it.
let secondFactor = null;

export function wireSignIn() {
  const dialog = element("sign-in-dialog");
  element("sign-in").addEventListener("click", open);
  element("sign-in-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", startAfresh);
  element("use-recovery-code").addEventListener("click", () => showStep("recovery-step"));
  element("use-code").addEventListener("click", () => showStep("code-step"));
  onSubmit("password-form", givePassword);
  onSubmit("token-form", ({ token }) => adoptToken(token));
  onSubmit("code-form", ({ code }) => beginAgainWhenEnded(secondFactor.verify(code)));
  onSubmit("recovery-form", ({ recoveryCode }) => secondFactor.recover(recoveryCode));
  onSessionChange(leave);
}

function open() {
  element("sign-in-dialog").showModal();
  startAfresh();
}

function leave() {
  if (!element("sign-in-dialog").open) return;
  element("sign-in-dialog").close();
  // The button that opened the dialog is gone now: keep the keyboard's place beside it.
  element("sign-out").focus();
}

async function givePassword({ email, password }) {
  secondFactor = await signIn(email, password);
  if (secondFactor) showStep("code-step");
}

/** A sign-in that waited too long, or was guessed at too often, cannot be finished: only its password helps. */
async function beginAgainWhenEnded(verifying) {
  try {
    await verifying;
  } catch (error) {
    if (!error.codes?.includes("CHALLENGE_ENDED")) throw error;
    showStep("first-step");
    showReason(element("password-form"), error.message);
  }
}

/** Runs the form's action once at a time, and says why when it fails; the dialog stays open then. */
function onSubmit(formId, action) {
  const form = element(formId);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    showReason(form, "");
    await action(Object.fromEntries(new FormData(form))).catch((error) => showReason(form, error.message));
    button.disabled = false;
  });
}

function showReason(form, reason) {
  form.querySelector(".form-error").textContent = reason;
  if (reason) focusField([...form.querySelectorAll("input")].at(-1));
}

/** Chosen as a whole, so that what is typed next takes the place of what was wrong. */
function focusField(field) {
  field.focus();
  field.select();
}

function showStep(id) {
  for (const step of element("sign-in-dialog").querySelectorAll(".step")) step.hidden = step.id !== id;
  focusField(element(id).querySelector("input"));
}

/** Nothing that was typed outlives the dialog. */
function startAfresh() {
  secondFactor = null;
  for (const id of FORMS) {
    element(id).reset();
    showReason(element(id), "");
  }
  showStep("first-step");
}
