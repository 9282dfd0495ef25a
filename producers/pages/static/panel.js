// One row in detail, beside the sheet.
import { fragment } from "./api.js";
import { renewHistory, takeAlong } from "./history.js";
import { morph } from "./morph.js";
import { say } from "./toast.js";

const panel = document.querySelector("[data-panel]");
const inside = panel.querySelector("[data-panel-inside]");
let entry = null;
let opener = null;
let asked = 0;
let laid = 0;

export async function renewPanel() {
  const wanted = entry;
  if (!panel.open || !wanted) return;
  asked += 1;
  const turn = asked;
  const body = await fragment(`/sheet/entries/${wanted}`);
  // Closed, or turned to another row, or told already by a later answer, while this was on its way.
  if (entry !== wanted || turn < laid) return;
  laid = turn;
  const fresh = document.createElement("div");
  fresh.setAttribute("data-panel-inside", "");
  fresh.append(...body.childNodes);
  takeAlong(inside, fresh);
  for (const opened of inside.querySelectorAll("details[open][id]")) fresh.querySelector(`#${opened.id}`)?.setAttribute("open", "");
  morph(inside, fresh);
  await renewHistory(inside);
}

async function open(wanted) {
  entry = wanted;
  inside.replaceChildren(skeleton());
  // One row may lead to another.
  if (!panel.open) {
    opener = wanted;
    panel.showModal();
  }
  try {
    await renewPanel();
    inside.querySelector("[data-panel-title]")?.focus();
    dispatchEvent(new Event("opened"));
  } catch (refusal) {
    panel.close();
    say(refusal.message);
  }
}

function skeleton() {
  const lines = document.createElement("div");
  lines.className = "skeleton";
  for (let line = 0; line < 6; line += 1) lines.append(document.createElement("span"));
  return lines;
}

// Told a moment after the fact: another row may have been opened meanwhile.
panel.addEventListener("close", () => {
  if (panel.open) return;
  entry = null;
  inside.replaceChildren();
  // Whoever has gone on meanwhile, to the search say, is left there.
  const nowhere = !document.activeElement || document.activeElement === document.body;
  if (nowhere) document.querySelector(`.card [data-open="${opener}"]`)?.focus();
});
panel.addEventListener("click", (event) => {
  if (event.target === panel || event.target.closest("[data-close]")) panel.close();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-open]");
  if (button) open(button.dataset.open);
});

// Another page may send somebody to one row of the day.
const named = /^#open-([0-9a-f-]{36})$/.exec(location.hash);
if (named) open(named[1]);
