// SPDX-License-Identifier: Apache-2.0

// Every page works without this file. It only adds: a look at what was typed masked, a guard
// against a second press of a button, a pending page that ends by itself, a page that leads on,
// printing, and the focus on the summary of errors.

for (const input of document.querySelectorAll(".secret input")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "reveal";
  button.setAttribute("aria-controls", input.id);
  const say = (shown) => {
    const label = input.labels[0]?.textContent ?? "";
    button.textContent = shown ? "Hide" : "Show";
    button.setAttribute("aria-label", `${button.textContent} ${label}`);
    input.type = shown ? "text" : "password";
  };
  button.addEventListener("click", () => say(input.type === "password"));
  // A browser must not keep a secret among the texts it offers for other forms.
  input.form?.addEventListener("submit", () => say(false));
  say(false);
  input.after(button);
}

for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    const button = event.submitter;
    if (button) {
      button.setAttribute("aria-busy", "true");
      if (button.dataset.busy) {
        button.dataset.label = button.textContent;
        button.textContent = button.dataset.busy;
      }
    }
  });
}

// A page that comes back from the browser's memory may send its form again: the server, and not
// this script, is what keeps a payment from being taken twice.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-busy]")) {
      button.removeAttribute("aria-busy");
      if (button.dataset.label) button.textContent = button.dataset.label;
    }
  }
});

// A pending page asks for itself and is replaced only when it has ended: nothing moves before but
// how far it has come.
const pending = document.querySelector("[data-look-again]");
if (pending) {
  pending.hidden = false;
  let asksLeft = 120;
  const timer = setInterval(async () => {
    asksLeft -= 1;
    if (asksLeft === 0) {
      clearInterval(timer);
      pending.hidden = true;
    }
    try {
      const answer = await fetch(location.href, { credentials: "same-origin" });
      if (!answer.ok) return;
      const text = await answer.text();
      if (!text.includes("data-look-again")) return location.reload();
      const progress = document.querySelector("[data-progress]");
      if (!progress) return;
      const page = new DOMParser().parseFromString(text, "text/html");
      const next = page.querySelector("[data-progress]");
      if (!next || next.textContent === progress.textContent) return;
      progress.replaceWith(next);
      // What moves is worth asking for.
      asksLeft = 120;
    } catch {
      // No network for a moment: the next turn asks again.
    }
  }, Number(pending.dataset.lookAgain) * 1000);
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

document.getElementById("problems")?.focus();

// A page that only leads on goes on by itself. Who comes back to it finds its button.
const onward = document.querySelector("form[data-onward]");
if (onward && performance.getEntriesByType("navigation")[0]?.type === "navigate") {
  onward.requestSubmit();
}

// Where the merchant leaves the comparison to this browser: the result opens with the card's
// signature S3 if that is the expected one, and with no other. Without this, or where it fails, the
// button asks the card site to compare.
const lock = document.querySelector("form[data-locked]");
if (lock && globalThis.crypto?.subtle) {
  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const open = async () => {
    const { locked, signature, key, status } = lock.dataset;
    const [header, , vector, text, tag] = locked.split(".");
    const session = await crypto.subtle.importKey("raw", bytes(key), "HKDF", false, ["deriveKey"]);
    const info = new Uint8Array([
      ...new TextEncoder().encode("OPAL to client terminal"),
      ...signature.match(/../g).map((pair) => parseInt(pair, 16)),
    ]);
    const opening = await crypto.subtle.deriveKey(
      { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info },
      session,
      { name: "AES-GCM", length: 256 },
      false,
      ["decrypt"],
    );
    const result = await crypto.subtle.decrypt(
      { name: "AES-GCM", iv: bytes(vector), additionalData: new TextEncoder().encode(header) },
      opening,
      new Uint8Array([...bytes(text), ...bytes(tag)]),
    );
    lock.elements.namedItem("result").value = new TextDecoder().decode(result);
    lock.action = status;
  };
  open().catch(() => {});
}
