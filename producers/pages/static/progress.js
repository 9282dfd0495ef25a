// Follows one sync to its end: how far it is and what it has found.
import { ask } from "./api.js";

const LOOK_EVERY = 700;

export async function followed(jobId, show) {
  for (;;) {
    const { sync } = await ask("GET", "/api/run-sheet/sync");
    const run = sync.runs.find((one) => one.job_id === jobId);
    const open = sync.waiting.find((one) => one.job_id === jobId);
    show({ run, open, workers: sync.workers });
    if (!open) return run;
    await woken();
  }
}

let wake = () => {};
export const hurry = () => wake();

function woken() {
  return new Promise((then) => {
    const timer = setTimeout(then, LOOK_EVERY);
    wake = () => {
      clearTimeout(timer);
      then();
    };
  });
}

export function share(run) {
  if (!run?.queries_total) return 0;
  return Math.min(run.queries_done / run.queries_total, 1);
}

export function sentence({ run, open, workers }) {
  if (!workers) return "Waiting: no sync worker is running. Start one with: pms-sync worker --pool sync";
  if (run?.status === "running") return run.queries_total ? `Reading, ${run.queries_done} of ${run.queries_total} parts.` : "Reading…";
  if (open?.waiting_for) return `Waiting for ${open.waiting_for}.`;
  return open ? "Waiting for a worker…" : "";
}

// One connection's bar; answers whether it is busy.
export function draw(box, sync) {
  const open = sync.waiting.find((one) => one.connection_id === box.dataset.progress);
  const run = open && sync.runs.find((one) => one.job_id === open.job_id);
  const isLater = open?.state === "ready" && !open.waiting_for && !run && new Date(open.due_at) > new Date();
  box.hidden = !open || isLater;
  if (box.hidden) return false;
  const bar = box.querySelector("progress");
  if (share(run)) bar.value = share(run);
  else bar.removeAttribute("value");
  box.querySelector("p").textContent = sentence({ run, open, workers: sync.workers });
  return true;
}
