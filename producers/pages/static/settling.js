// Choosing a side of a conflict, and undoing what a person set.
import { ask } from "./api.js";
import { renew } from "./day.js";
import { renewPanel } from "./panel.js";
import { say } from "./toast.js";

async function act(button, path, body, version, done) {
  button.disabled = true;
  try {
    await ask("POST", path, { body, version });
    say(done);
  } catch (refusal) {
    say(refusal.message);
  } finally {
    button.disabled = false;
    await Promise.all([renew(), renewPanel()]);
  }
}

document.addEventListener("click", (event) => {
  const settle = event.target.closest?.("[data-settle]");
  if (settle) {
    const { conflict, version } = settle.closest("[data-conflict]").dataset;
    const choice = settle.dataset.settle;
    const done = choice === "mine" ? "Yours is kept." : "Theirs is taken.";
    act(settle, `/api/run-sheet/conflicts/${conflict}/settle`, { choice }, version, done);
  }
  const undo = event.target.closest?.("[data-undo]");
  if (undo) {
    const { entry, version } = undo.closest("[data-entry]").dataset;
    const path = `/api/run-sheet/appointments/${entry}/revert`;
    act(undo, path, { field: undo.dataset.undo }, version, "Undone.");
  }
});
