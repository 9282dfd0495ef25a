// What was done to a row: its values are read only once somebody opens it.
import { fragment } from "./api.js";
import { morph } from "./morph.js";
import { say } from "./toast.js";

const at = (root) => root.querySelector("[data-history]");

// An open history stays open, with what it shows, while the row around it is renewed.
export function takeAlong(old, fresh) {
  if (at(old)?.open) at(fresh)?.replaceWith(at(old).cloneNode(true));
}

export async function renewHistory(root) {
  const history = at(root);
  if (!history?.open) return;
  const { entry } = history.closest("[data-entry]").dataset;
  const body = await fragment(`/sheet/entries/${entry}/history`);
  const fresh = document.createElement("div");
  fresh.setAttribute("data-history-inside", "");
  fresh.append(...body.childNodes);
  morph(history.querySelector("[data-history-inside]"), fresh);
}

document.addEventListener("toggle", (event) => {
  if (!event.target.matches("[data-history]") || !event.target.open) return;
  renewHistory(event.target.parentElement).catch((refusal) => say(refusal.message));
}, true);
