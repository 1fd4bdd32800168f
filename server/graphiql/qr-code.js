/** Shows the QR code of an answer as a picture beside it, to be scanned from the screen. */

const FIELD = "qrCode";
const element = (id) => document.getElementById(id);

export function wireQrCode() {
  element("qr-code-close").addEventListener("click", hideQrCode);
}

/** Shows the code in this answer, if there is one. */
export function showQrCode(result) {
  const svg = qrCodeOf(result?.data);
  if (!svg) return;
  element("qr-code-picture").src = pictureAddress(svg);
  element("qr-code").hidden = false;
}

/** It is a secret: it goes when somebody else may sit down here. */
export function hideQrCode() {
  element("qr-code").hidden = true;
  element("qr-code-picture").removeAttribute("src");
}

/** The first `qrCode` anywhere in the data, or null. */
export function qrCodeOf(data) {
  if (data === null || typeof data !== "object") return null;
  if (typeof data[FIELD] === "string") return data[FIELD];
  for (const part of Object.values(data)) {
    const found = qrCodeOf(part);
    if (found) return found;
  }
  return null;
}

/** As the source of a picture an SVG can neither run scripts nor load anything; as markup of the page it could. */
export function pictureAddress(svg) {
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
