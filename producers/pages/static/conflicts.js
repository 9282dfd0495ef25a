// The inbox: one decision at a time by mouse or key, many at once after a count, and each taken back.
import { ask, fragment } from "./api.js";
import { listen } from "./events.js";
import "./frame.js";
import { actsBy, tellKeys } from "./keys.js";
import { morph } from "./morph.js";
import { sure } from "./sure.js";
import { say } from "./toast.js";
import { gathered, inTurn } from "./turns.js";

const inbox = () => document.getElementById("inbox");
const bar = document.querySelector("[data-undo-bar]");
const DONE = { mine: "Kept ours", theirs: "Took theirs" };

let last = null;

const renew = inTurn(async () => {
  const body = await fragment(`/conflicts/inbox${location.search}`);
  morph(inbox(), body.querySelector("#inbox"));
  tellKeys();
  const count = document.querySelector('[data-count="/conflicts"]');
  const left = inbox().dataset.waiting;
  if (!count || left === undefined) return;
  count.textContent = left;
  count.hidden = left === "0";
});
const soon = gathered(renew);

// What was just settled, with when: a later choice of somebody else is not taken back with it.
function offer(sentence, settled) {
  last = settled;
  bar.hidden = !settled?.ids.length;
  bar.querySelector("[data-undo-said]").textContent = sentence;
}

async function attempt(doing) {
  try {
    await doing();
  } catch (refusal) {
    say(refusal.message);
  }
  await renew().catch(() => {});
}

const cards = () => [...inbox().querySelectorAll(".dispute")];
const current = () => document.activeElement.closest?.(".dispute");

function step(by) {
  const all = cards();
  const at = all.indexOf(current());
  all[Math.min(Math.max(at + by, 0), all.length - 1)]?.focus();
}

async function choose(card, choice) {
  if (!card?.querySelector("[data-choose]") || card.ariaBusy === "true") return;
  const { conflict, version } = card.dataset;
  const at = cards().indexOf(card);
  card.ariaBusy = "true";
  await attempt(async () => {
    const { settled_at } = await ask("POST", `/api/conflicts/${conflict}/settle`, { body: { choice }, version });
    offer(`${DONE[choice]}.`, { ids: [conflict], settled_at });
  });
  delete card.ariaBusy;
  const left = cards();
  (left[Math.min(at, left.length - 1)] ?? document.getElementById("main")).focus();
}

const shown = () => cards().map((card) => ({ id: card.dataset.conflict, version: Number(card.dataset.version) }));

// Those on the page as they were read; with a filter also those it names beyond the page.
async function those(many, choice) {
  const { rule, connection, run } = many.dataset;
  const here = shown();
  if (!rule && !connection && !run) return { conflicts: here, total: here.length };
  const wanted = Object.fromEntries(Object.entries({ rule, connection_id: connection, run_id: run }).filter(([, one]) => one));
  const counted = await ask("POST", "/api/conflicts/settle", { body: { choice, ...wanted, count_only: true } });
  const read = new Map(here.map((one) => [one.id, one]));
  return { conflicts: counted.conflicts.map((one) => read.get(one.id) ?? one), total: counted.total };
}

async function settleAll(button) {
  const choice = button.dataset.settleAll;
  await attempt(async () => {
    const { conflicts, total } = await those(button.closest("[data-many]"), choice);
    const count = conflicts.length;
    if (!count) return;
    const verb = choice === "mine" ? "Keep ours" : "Take theirs";
    const some = count < total ? `the first ${count} of ${total} fields` : `${count} ${count === 1 ? "field" : "fields"}`;
    const yes = await sure(`${verb} in ${some}?`, "You can undo it right after, and later from the settled list.", verb);
    if (!yes) return;
    const done = await ask("POST", "/api/conflicts/settle", { body: { choice, conflicts } });
    const left = done.left ? ` ${done.left} changed meanwhile and ${done.left === 1 ? "was" : "were"} left: look again.` : "";
    const more = count < total ? ` ${total - count} more remain.` : "";
    offer(`${DONE[choice]} in ${done.settled}.${left}${more}`, done);
  });
}

async function openAgain({ ids, settled_at }) {
  await attempt(async () => {
    const done = await ask("POST", "/api/conflicts/undo", { body: { ids, settled_at } });
    const left = done.left ? ` ${done.left} stayed as they are: the field was changed since.` : "";
    offer("", null);
    say(`${done.opened === 1 ? "Open again." : `${done.opened} are open again.`}${left}`);
  });
}

async function undoRun(item) {
  const did = item.querySelector("[data-did]").textContent;
  const yes = await sure("Undo this sync?", `It did this: ${did}. Rows that anybody changed since stay as they are. The next sync leaves it undone until the PMS changes those appointments.`, "Undo it");
  if (!yes) return;
  await attempt(async () => {
    const { undone } = await ask("POST", `/api/pms/runs/${item.dataset.run}/undo`);
    const told = [[undone.changed_back, "changed back"], [undone.taken_off, "taken off"], [undone.put_back, "put back"], [undone.left_alone, "left alone"]];
    say(`Undone: ${told.filter(([count]) => count).map(([count, what]) => `${count} ${what}`).join(", ") || "nothing was left of it"}.`);
  });
}

async function redoRun(item) {
  const yes = await sure("Do this sync again?", "What the undo took back is done again. Rows that anybody changed since stay as they are.", "Do it again");
  if (!yes) return;
  await attempt(async () => {
    const { redone } = await ask("POST", `/api/pms/runs/${item.dataset.run}/redo`);
    const told = [[redone.changed_back, "changed again"], [redone.put_back, "put back"], [redone.taken_off, "taken off"], [redone.left_alone, "left alone"]];
    say(`Done again: ${told.filter(([count]) => count).map(([count, what]) => `${count} ${what}`).join(", ") || "nothing was left of it"}.`);
  });
}

document.addEventListener("click", (event) => {
  const on = (selector) => event.target.closest?.(selector);
  const card = on(".dispute");
  if (on("[data-choose]")) choose(card, on("[data-choose]").dataset.choose);
  else if (on("[data-open-again]")) openAgain({ ids: [card.dataset.conflict] });
  else if (on("[data-settle-all]")) settleAll(on("[data-settle-all]"));
  else if (on("[data-undo-last]")) openAgain(last);
  else if (on("[data-undo-run]")) undoRun(on("[data-run]"));
  else if (on("[data-redo-run]")) redoRun(on("[data-run]"));
});

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  m: () => choose(current(), "mine"),
  t: () => choose(current(), "theirs"),
  u: () => last && openAgain(last),
};
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input:not([data-single-keys]), select, textarea, dialog")) return;
  const act = KEYS[actsBy(event)?.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
});
listen(soon);
