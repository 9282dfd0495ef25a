// What goes to a PMS that takes changes, and what is fetched from it: asked for, followed, summed up.
import { ask } from "./api.js";
import { followed } from "./progress.js";

const ROOT = "/api/advancedmd";

// One row: sent again, or made there; answers what to say.
export async function sent({ entry, version }, how) {
  const path = how === "create" ? "create" : "sync";
  await ask("POST", `${ROOT}/appointments/${entry}/${path}`, { body: {}, version, key: crypto.randomUUID() });
  return how === "create" ? "The visit is being created." : "It is on its way.";
}

export async function patientSynced(link) {
  await ask("POST", `${ROOT}/patients/${link}/sync`, { body: {}, key: crypto.randomUUID() });
  return "The patient is being looked up.";
}

export const DEEDS = {};
