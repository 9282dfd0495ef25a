// Choosing a side of a conflict, and undoing: a field, a step, all that people set, the row itself.
import { ask } from "./api.js";
import { renew } from "./day.js";
import { hold, release } from "./holding.js";
import { renewPanel } from "./panel.js";
import { say } from "./toast.js";

async function act(button, { method = "POST", path, body, version, done }) {
  hold(button);
  try {
    await ask(method, path, { body, version });
    say(done);
  } catch (refusal) {
    say(refusal.message);
  } finally {
    release(button);
    await Promise.all([renew(), renewPanel()]);
  }
}

function settling(button) {
  const { conflict, version } = button.closest("[data-conflict]").dataset;
  const choice = button.dataset.settle;
  const done = choice === "mine" ? "Ours is kept." : "Theirs is taken.";
  return { path: `/api/run-sheet/conflicts/${conflict}/settle`, body: { choice }, version, done };
}

function about(button, then) {
  const { entry, version } = button.closest("[data-entry]").dataset;
  return { version, ...then(`/api/run-sheet/appointments/${entry}`) };
}

const ACTS = {
  "[data-settle]": settling,
  "[data-undo]": (button) => about(button, (row) => ({ path: `${row}/revert`, body: { field: button.dataset.undo }, done: "Undone." })),
  "[data-undo-step]": (button) => about(button, (row) => ({ path: `${row}/undo`, body: { step: Number(button.dataset.undoStep) }, done: "Undone." })),
  "[data-undo-row]": (button) => about(button, (row) => ({ path: `${row}/undo`, body: {}, done: "Everything set by hand is undone; see what was done to get it back." })),
  "[data-put-back]": (button) => about(button, (row) => ({ path: `${row}/put-back`, done: "Back on the sheet." })),
  "[data-take-off]": (button) => about(button, (row) => ({ method: "DELETE", path: row, done: "Taken off the sheet; see what was done to get it back." })),
};

document.addEventListener("click", (event) => {
  for (const [selector, told] of Object.entries(ACTS)) {
    const button = event.target.closest?.(selector);
    if (button) act(button, told(button));
  }
});
