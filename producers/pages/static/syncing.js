// Syncing by hand: progress while it runs, a sentence when it is done; and how fresh all is.
import { ask } from "./api.js";
import { renew, whenRenewed } from "./day.js";
import { fold } from "./fresh.js";
import { hold, release } from "./holding.js";
import { inTurn } from "./turns.js";

const button = document.querySelector("[data-sync]");
const box = document.querySelector("[data-progress]");
const bar = box.querySelector("progress");
const text = box.querySelector("[data-progress-text]");
const NO_WORKER = "Waiting: no sync worker is running. Start one with: pms-sync worker --pool sync";
const LOOK_EVERY = 1000;
const LOOK_SELDOM = 30_000;

const SHOWN_FOR = 8000;

let mine = [];
let timer = null;
// What is being read, where it is a day that somebody looks at rather than the practice's today.
let spoken = null;

// All of them: a second press would do nothing.
const buttons = () => document.querySelectorAll("[data-sync], [data-read-day]");
const day = () => document.getElementById("day").dataset;

// The shown day from these connections, or from all that can sync.
export function readDay(connections = [null]) {
  return start(day().spoken, connections);
}

async function start(named, connections) {
  if (mine.length) return;
  spoken = named;
  buttons().forEach(hold);
  show(spoken ? `Asking for ${spoken}…` : "Asking for a sync…", null);
  const days = spoken || day().day !== day().today ? { from: day().day, to: day().day } : {};
  try {
    const answers = await Promise.all(connections.map((one) => (
      ask("POST", "/api/run-sheet/sync", { body: one ? { ...days, connection_id: one } : days })
    )));
    mine = answers.flatMap(({ jobs }) => jobs.map((job) => job.id));
    if (mine.length) look();
    else finish("No connection can sync yet.", true);
  } catch (refusal) {
    finish(refusal.message, true);
  }
}

export const look = inTurn(async () => {
  clearTimeout(timer);
  let pause = LOOK_SELDOM;
  const asked = mine;
  try {
    const { sync } = await ask("GET", "/api/run-sheet/sync");
    freshness(sync.connections);
    // What was put meanwhile is not in this answer.
    if (mine.length && (mine !== asked || !report(sync))) pause = LOOK_EVERY;
  } catch (refusal) {
    if (mine.length) pause = LOOK_EVERY;
  }
  if (box.isConnected) timer = setTimeout(look, pause);
});

function report(sync) {
  const names = new Map(sync.connections.map((one) => [one.id, one.name]));
  const runs = sync.runs.filter((run) => mine.includes(run.job_id));
  const open = sync.waiting.filter((job) => mine.includes(job.job_id));
  if (!open.length) {
    conclude(runs, names);
    return true;
  }
  const begun = runs.filter((run) => run.queries_total > 0);
  const parts = begun.map((run) => run.queries_done / run.queries_total);
  const done = (parts.reduce((sum, one) => sum + one, 0) + (mine.length - open.length - parts.filter((one) => one === 1).length)) / mine.length;
  show(progress(open, runs, names, sync.workers), Math.min(Math.max(done, 0.02), 1));
  return false;
}

function progress(open, runs, known, workers) {
  const running = runs.find((run) => run.status === "running");
  if (running) {
    const steps = running.queries_total ? `, ${running.queries_done} of ${running.queries_total}` : "";
    const name = spoken ? pms(running.connection_id) : known.get(running.connection_id);
    return `${reading(name)}${steps}: ${counted(running.counts) || "nothing new so far"}.`;
  }
  const waiting = open.find((job) => job.waiting_for);
  const why = !workers ? NO_WORKER : waiting ? `Waiting for ${waiting.waiting_for}.` : "Waiting for a worker…";
  const names = [...new Set(open.map((job) => pms(job.connection_id)))].sort();
  return spoken ? `${reading(names.join(" and "))}… ${why}` : why;
}

const reading = (name) => (spoken ? `Reading ${spoken} from ${name}` : `Reading ${name}`);

// "Gentu" says enough where only one practice is on Gentu.
function pms(id) {
  const line = document.getElementById(`c-${id}`);
  if (!line) return "the PMS";
  const same = document.querySelectorAll(`.fresh[data-pms="${line.dataset.pms}"]`);
  return same.length > 1 ? `${line.dataset.pms} – ${line.dataset.name}` : line.dataset.pms;
}

function counted(counts) {
  const said = [["created", "new"], ["updated", "changed"], ["removed", "gone"], ["rejected", "unreadable"]];
  const parts = said.filter(([name]) => counts[name]).map(([name, word]) => `${counts[name]} ${word}`);
  if (counts.conflicts) parts.push(`${counts.conflicts} to decide`);
  return parts.join(", ");
}

function conclude(runs, names) {
  const sum = {};
  for (const run of runs) {
    for (const [name, count] of Object.entries(run.counts)) sum[name] = (sum[name] ?? 0) + count;
  }
  const bad = runs.filter((run) => run.status !== "success");
  const well = runs.length - bad.length;
  const begun = spoken ? `Read ${spoken}, ${well} of ${mine.length}` : `Synced ${well} of ${mine.length}`;
  const whole = `${begun}: ${counted(sum) || "nothing has changed"}.`;
  const why = bad.map((run) => `${names.get(run.connection_id)}: ${run.error_message ?? run.status}.`);
  mine = [];
  finish([whole, ...why].join(" "), bad.length > 0);
  renew();
}

function show(sentence, share) {
  box.hidden = false;
  box.classList.remove("done", "failed");
  if (share === null) bar.removeAttribute("value");
  else bar.value = share;
  text.textContent = sentence;
}

function finish(sentence, failed) {
  show(sentence, 1);
  box.classList.add("done");
  box.classList.toggle("failed", failed);
  buttons().forEach(release);
  if (spoken && !failed) setTimeout(() => mine.length || (box.hidden = true), SHOWN_FOR);
}

function freshness(connections) {
  for (const one of connections) {
    const line = document.getElementById(`c-${one.id}`);
    if (!line) continue;
    line.className = `fresh f-${one.status}`;
    const sentence = line.querySelector("[data-sentence]");
    if (sentence) sentence.textContent = one.sentence;
  }
  fold();
}

// Offered while any practice can be read; where the sheet is empty, reading the day comes first.
whenRenewed(() => {
  if (!button) return;
  button.hidden = !("syncs" in day());
  button.classList.toggle("primary", Boolean(document.getElementById("board")));
});
button?.addEventListener("click", () => start(null, [null]));
timer = setTimeout(look, LOOK_SELDOM);
