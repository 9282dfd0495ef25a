// The audit: nothing here renews itself, for each look is an access; findings are acknowledged.
import "./frame.js";
import { ask } from "./api.js";
import { say } from "./toast.js";

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-finding]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    await ask("POST", `/api/audit/findings/${form.dataset.finding}/acknowledge`, { body: { note: form.elements.note.value } });
    location.reload();
  } catch (refusal) {
    say(refusal.message);
    button.disabled = false;
  }
});
