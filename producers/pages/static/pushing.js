// What goes to a PMS that takes changes, and what is fetched from it: asked for, followed, summed up.
import { ask } from "./api.js";

const ROOT = "/api/advancedmd";
const LOOK_EVERY = 500;
const OVER = new Set(["done", "dead", "cancelled"]);

async function order(path, body, version) {
  const { job_id: job } = await ask("POST", `${ROOT}/${path}`, { body, version, key: crypto.randomUUID() });
  return job;
}

// Until the job is over; meanwhile `tell` hears what it waits for. Answers the job's own sentence.
async function followed(job, tell) {
  for (;;) {
    const now = await ask("GET", `${ROOT}/sync/jobs/${job}`);
    if (OVER.has(now.state)) return now.sentence;
    tell(now.sentence);
    await new Promise((then) => { setTimeout(then, LOOK_EVERY); });
  }
}

// One row: brought to agree again, or made there.
export async function sent({ entry, version }, how, tell = () => {}) {
  const path = how === "create" ? "create" : "sync";
  return followed(await order(`appointments/${entry}/${path}`, {}, version), tell);
}

// What the practice did not take is as the practice has it again.
export async function takenBack({ entry, version }, fields) {
  const body = { field: fields.split(" ") };
  await ask("POST", `/api/run-sheet/appointments/${entry}/revert`, { body, version });
  return "Undone: the row is as the practice has it.";
}

export async function patientSynced(link, tell = () => {}) {
  return followed(await order(`patients/${link}/sync`, {}), tell);
}

async function range({ connection, from, to }, tell) {
  const body = { connection_id: connection, from, to };
  return followed(await order("appointments/bulk-sync", body), tell);
}

async function pull({ connection }, tell) {
  return followed(await order("appointments/pull-updates", { connection_id: connection }), tell);
}

// One after the other: each is a call that the practice's clock has to allow.
async function patients({ unlinked }, tell) {
  const links = unlinked.split(" ").filter(Boolean);
  if (!links.length) return "Every patient is linked.";
  let done = 0;
  for (const link of links) {
    tell(`Looking up ${done + 1} of ${links.length}…`);
    await patientSynced(link);
    done += 1;
  }
  return `${done} ${done === 1 ? "patient was" : "patients were"} looked up.`;
}

export const DEEDS = {
  pull,
  range,
  patients,
  today: ({ connection, today }, tell) => range({ connection, from: today, to: today }, tell),
};
