// Asks before jobs are changed: how many and of which kinds, and why where that is kept.
import { ask } from "./api.js";

const dialog = document.querySelector("[data-deed]");
const part = (name) => dialog.querySelector(`[data-deed-${name}]`);

const VERBS = { retry: "Retry", cancel: "Cancel", discard: "Discard", pause: "Pause" };
const TELLS = {
  retry: "They run once more, each from where it had got to.",
  cancel: "They stop waiting and will not be done.",
  discard: "They are given up for good.",
};
const TELLS_ONE = {
  retry: "It runs once more, from where it had got to.",
  cancel: "It stops waiting and will not be done.",
  discard: "It is given up for good.",
};
const words = (kind) => kind.replaceAll("_", " ");
const query = (matching) => new URLSearchParams(Object.entries(matching).filter(([, one]) => one));

// Answers the reason, an empty one where none is wanted; null where somebody thought better of it.
export function confirmed({ title, text, verb, kinds = {}, warnings = [], needsReason = false }) {
  part("warns").hidden = warnings.length === 0;
  part("warns").textContent = warnings.join(" ");
  part("title").textContent = title;
  part("text").textContent = text;
  part("yes").textContent = verb;
  part("error").hidden = true;
  part("why").hidden = !needsReason;
  part("reason").value = "";
  part("kinds").hidden = Object.keys(kinds).length === 0;
  part("kinds").replaceChildren(...Object.entries(kinds).map(([kind, count]) => {
    const line = document.createElement("li");
    line.textContent = `${count} ${words(kind)}`;
    return line;
  }));
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => {
      answer(dialog.returnValue === "yes" ? part("reason").value.trim() : null);
    }, { once: true });
  });
}

// All that match: counted, shown, agreed to, done. Answers a sentence, or null.
export async function doAll(act, matching) {
  const given = Object.fromEntries(Object.entries(matching).filter(([, one]) => one));
  const { count, most } = await ask("GET", `/api/jobs/count/${act}?${query(given)}`);
  if (!count.jobs) return "None of them can be; a job whose twin already waits need not run again.";
  const many = count.jobs === 1 ? "1 job" : `${count.jobs} jobs`;
  const reason = await confirmed({
    title: `${VERBS[act]} ${many}?`,
    text: `${(count.jobs === 1 ? TELLS_ONE : TELLS)[act]}${count.jobs > most ? ` The first ${most} now; ask again for the rest.` : ""}`,
    verb: `${VERBS[act]} ${count.jobs > most ? most : many}`,
    kinds: count.kinds,
    warnings: count.warnings,
    needsReason: act !== "retry",
  });
  if (reason === null) return null;
  const body = { matching: given, count: count.jobs, reason };
  const { jobs, left } = await ask("POST", `/api/jobs/${act}`, { body });
  return `${jobs.length === 1 ? "1 job" : `${jobs.length} jobs`}: ${DONE[act]}${left ? `; ${left} left` : ""}.`;
}

const DONE = { retry: "ready again", cancel: "cancelled", discard: "discarded" };

// One job as it is shown; when it has moved on, the server says so.
export async function doOne(act, { job, version, kind, warning }) {
  const reason = await confirmed({
    title: `${VERBS[act]} job ${job}?`,
    text: `${kind}. ${TELLS_ONE[act]}`,
    verb: VERBS[act],
    warnings: act !== "retry" && warning ? [warning] : [],
    needsReason: act !== "retry",
  });
  if (reason === null) return null;
  await ask("POST", `/api/jobs/${job}/${act}`, { version, body: { reason } });
  return `Job ${job}: ${DONE[act]}.`;
}

export const isAsking = () => dialog.open;

dialog.querySelector("form").addEventListener("submit", (event) => {
  const lacking = !part("why").hidden && !part("reason").value.trim();
  if (!lacking) return;
  event.preventDefault();
  part("error").textContent = "Say why; the reason is kept with the job.";
  part("error").hidden = false;
  part("reason").focus();
});
part("reason").addEventListener("input", () => {
  part("error").hidden = true;
});
part("no").addEventListener("click", () => dialog.close());
