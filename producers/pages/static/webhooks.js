// The key a vendor signs its webhooks with: made here, shown once.
import { exchange } from "./api.js";
import { busy, said } from "./forms.js";
import { at, refresh } from "./versioned.js";

export function webhooks(form) {
  if (!form) return;
  const standing = form.querySelector("[data-webhook-standing]");
  const forget = form.querySelector("[data-forget-key]");
  const box = form.querySelector("[data-webhook-key]");
  let key = crypto.randomUUID();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(form, event.submitter, async () => {
      // Sent again after an answer that was lost, it is the same key.
      const { body } = await exchange("POST", at("/webhooks"), { body: {}, key });
      key = crypto.randomUUID();
      await refresh();
      show(box, body.webhooks ?? body);
      standing.textContent = "A key was made just now; any earlier one no longer works.";
      forget.hidden = false;
    });
  });
  forget?.addEventListener("click", () => busy(form, forget, async () => {
    await exchange("DELETE", at("/webhooks"));
    await refresh();
    box.hidden = true;
    forget.hidden = true;
    standing.textContent = "There is no key, so no webhook is accepted.";
    said(form, "The key is forgotten.");
  }));
}

function show(box, { header, key, urls }) {
  const lines = [["Header", header], ["Key", key], ...Object.entries(urls).map(([event, url]) => [`When ${event}`, url])];
  box.querySelector("[data-webhook-facts]").replaceChildren(...lines.map(line));
  box.hidden = false;
}

function line([label, value]) {
  const row = document.createElement("div");
  const term = document.createElement("dt");
  const said = document.createElement("dd");
  const code = document.createElement("code");
  const copy = document.createElement("button");
  term.textContent = label;
  code.textContent = value;
  copy.type = "button";
  copy.className = "quiet";
  copy.textContent = "Copy";
  copy.setAttribute("aria-label", `Copy: ${label}`);
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(value);
    copy.textContent = "Copied";
  });
  said.append(code, copy);
  row.append(term, said);
  return row;
}
