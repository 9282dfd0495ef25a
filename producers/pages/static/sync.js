// The syncs: kept up to date while they run, asked for, previewed, approved and taken back.
import { ask, fragment } from "./api.js";
import { listen } from "./events.js";
import "./frame.js";
import { hold, release } from "./holding.js";
import { morph } from "./morph.js";
import { followed } from "./progress.js";
import { sure } from "./sure.js";
import { resumed } from "./resumed.js";
import { say } from "./toast.js";
import { gathered, inTurn } from "./turns.js";

const OFTEN = 1000;
const SELDOM = 30_000;
const boards = () => document.getElementById("boards");
const panel = document.querySelector("[data-panel]");
const inside = panel.querySelector("[data-panel-inside]");

let looking = null;

// Often while something runs, seldom else; what a person opened or typed stays.
const renew = inTurn(async () => {
  clearTimeout(looking);
  try {
    const body = await fragment(`/sync/boards?runs=${boards().dataset.each}&span=${boards().dataset.span}&every=${"every" in boards().dataset}`);
    const fresh = body.querySelector("#boards");
    for (const open of boards().querySelectorAll("details[open]")) fresh.querySelector(`#${open.id}`)?.setAttribute("open", "");
    for (const error of fresh.querySelectorAll("[data-error]")) keep(error);
    morph(boards(), fresh);
  } catch {
    // The next look tells whether the server is back.
  }
  looking = setTimeout(renew, "busy" in boards().dataset ? OFTEN : SELDOM);
});
const soon = gathered(renew);

function keep(error) {
  const held = document.querySelector(`#${error.closest("details").id} [data-error]`);
  if (!held || held.hidden) return;
  error.hidden = false;
  error.textContent = held.textContent;
}

const nameOf = (node) => node.closest("[data-id]").querySelector("h2").textContent.trim();
const pathOf = (node) => `/api/pms/connections/${node.closest("[data-id]").dataset.id}`;

function fail(place, message) {
  const line = place.querySelector("[data-error]");
  line.textContent = message;
  line.hidden = false;
}

async function syncNow(button) {
  const name = nameOf(button);
  const { job_id: job } = await ask("POST", `${pathOf(button)}/sync`, { body: {} });
  say(`${name}: a sync is on its way.`);
  soon();
  const run = await followed(job, () => {});
  if (run) say(`${name}: ${run.status}, ${run.counts.created} new, ${run.counts.updated} changed.`);
}

async function test(button) {
  let { check } = await ask("POST", `${pathOf(button)}/test`, { body: {} });
  while (check.state === "waiting") {
    await new Promise((then) => setTimeout(then, OFTEN));
    ({ check } = await ask("GET", `${pathOf(button)}/checks/${check.id}`));
  }
  say(`${nameOf(button)}: ${check.state === "ok" ? check.message || "the PMS answers." : check.message}`);
}

async function stop(button) {
  const name = nameOf(button);
  if (!await sure(`Pause ${name}?`, "It is synced no more until somebody resumes it; syncs that wait are called off. What is on the sheet stays.", "Pause")) return;
  await ask("POST", `${pathOf(button)}/pause`, { body: {} });
  say(`${name} is paused.`);
  await renew();
}

async function goOn(button) {
  const told = await ask("POST", `${pathOf(button)}/resume`, { body: {} });
  say(`${nameOf(button)}: ${resumed(told)}`);
  await renew();
}

async function preview(form, days) {
  const { job_id: job } = await ask("POST", `${pathOf(form)}/sync`, { body: { ...days, dry_run: true } });
  say(`${nameOf(form)}: the preview is being made.`);
  form.closest("details").open = false;
  soon();
  const run = await followed(job, () => {});
  await renew();
  if (run) await show(run.id);
}

async function range(form, days) {
  await ask("POST", `${pathOf(form)}/backfills`, { body: days, key: crypto.randomUUID() });
  form.closest("details").open = false;
  say(`${nameOf(form)}: the range is being read, newest days first.`);
  await renew();
}

const ASK = { preview, range };

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-ask]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button");
  const days = { from: form.elements.from.value, to: form.elements.to.value };
  form.querySelector("[data-error]").hidden = true;
  if (!days.from || !days.to) return fail(form, "Name both days.");
  hold(button);
  try {
    await ASK[form.dataset.ask](form, days);
  } catch (refusal) {
    fail(form, refusal.message);
  } finally {
    release(button);
  }
});

let wanted = null;

// Of two that were asked for the later one, whichever comes first.
async function show(id) {
  wanted = id;
  const body = await fragment(`/sync/runs/${id}`);
  if (wanted !== id) return;
  inside.replaceChildren(...body.childNodes);
  if (!panel.open) panel.showModal();
  panel.scrollTop = 0;
  inside.querySelector("h2").focus();
}

const ACT = {
  async approve(id) {
    const { job_id: job } = await ask("POST", `/api/pms/runs/${id}/approve`, { body: {} });
    say("Approved; it is being applied.");
    soon();
    const run = await followed(job, () => {});
    await renew();
    if (run) await show(run.id);
  },
  async discard(id) {
    await ask("POST", `/api/pms/runs/${id}/discard`, { body: {} });
    panel.close();
    say("The preview was discarded.");
    await renew();
  },
  async undo(id) {
    const title = inside.querySelector("h2").textContent;
    if (!await sure("Undo this run?", `What “${title}” changed on the sheet goes back to what it was. Rows changed since are left alone. It stays undone until the PMS changes those appointments, or you do the run again.`, "Undo")) return;
    const { undone } = await ask("POST", `/api/pms/runs/${id}/undo`, { body: {} });
    const left = undone.left_alone ? `; ${undone.left_alone} changed since were left alone` : "";
    say(`${undone.changed_back} changed back, ${undone.taken_off} taken off, ${undone.put_back} put back${left}.`);
    await renew();
    await show(id);
  },
  async redo(id) {
    const title = inside.querySelector("h2").textContent;
    if (!await sure("Do this run again?", `What “${title}” had changed on the sheet is changed again. Rows changed since it was undone are left alone.`, "Do it again")) return;
    const { redone } = await ask("POST", `/api/pms/runs/${id}/redo`, { body: {} });
    const left = redone.left_alone ? `; ${redone.left_alone} changed since were left alone` : "";
    say(`${redone.changed_back} changed again, ${redone.put_back} put back, ${redone.taken_off} taken off${left}.`);
    await renew();
    await show(id);
  },
};

async function act(button) {
  const details = button.closest("[data-run-id]");
  details.querySelector("[data-error]").hidden = true;
  try {
    await ACT[button.dataset.act](details.dataset.runId);
  } catch (refusal) {
    if (refusal.status !== 409) return fail(details, refusal.message);
    // It is over meanwhile: the panel says why, and offers it no more.
    say(refusal.message);
    const isOpen = panel.open && inside.contains(details);
    await Promise.all([renew(), isOpen && show(details.dataset.runId)]);
  }
}

async function steer(button) {
  const id = button.closest("[data-backfill]").dataset.backfill;
  const how = button.dataset.steer;
  const ending = how === "cancel" && !await sure("Cancel this range?", "What was read stays on the sheet; the other days are not read.", "Cancel the range");
  if (ending) return;
  await ask("POST", `/api/pms/backfills/${id}/${how}`, { body: {} });
  await renew();
}

async function doing(button, work) {
  hold(button);
  try {
    await work(button);
  } catch (refusal) {
    say(refusal.message);
  } finally {
    release(button);
  }
}

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest?.(selector);
  const row = at("[data-run]");
  if (row && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    show(row.dataset.run).catch((refusal) => say(refusal.message));
  }
  if (at("[data-now]")) doing(at("[data-now]"), syncNow);
  if (at("[data-test]")) doing(at("[data-test]"), test);
  if (at("[data-stop]")) doing(at("[data-stop]"), stop);
  if (at("[data-go-on]")) doing(at("[data-go-on]"), goOn);
  if (at("[data-act]")) doing(at("[data-act]"), act);
  if (at("[data-steer]")) doing(at("[data-steer]"), steer);
  if (at("[data-close]") || event.target === panel) panel.close();
});

const linked = new URLSearchParams(location.search).get("run");
if (linked) show(linked).catch((refusal) => say(refusal.message));
listen(soon);
renew();
