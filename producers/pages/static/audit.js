// The audit: nothing here renews itself, for each look is an access. Findings are acknowledged, agreements recorded.
import "./frame.js";
import { ask } from "./api.js";
import { reload } from "./focus.js";
import { hold, release } from "./holding.js";
import { say } from "./toast.js";

const settle = (form) => [`/api/audit/findings/${form.dataset.finding}/acknowledge`, { note: form.elements.note.value }];

function agree(form) {
  const told = Object.fromEntries(new FormData(form));
  return ["/api/agreements", { ...told, ends_on: told.ends_on || null }];
}

const DOES = { "[data-finding]": settle, "[data-agreement]": agree };
const SAID = { "[data-finding]": "Noted: it was looked at.", "[data-agreement]": "The agreement is recorded." };

document.addEventListener("submit", async (event) => {
  const found = Object.entries(DOES).find(([name]) => event.target.matches(name));
  if (!found) return;
  event.preventDefault();
  const button = event.target.querySelector("button");
  hold(button);
  try {
    const [path, body] = found[1](event.target);
    await ask("POST", path, { body });
    reload(SAID[found[0]]);
  } catch (refusal) {
    say(refusal.message);
    release(button);
  }
});
