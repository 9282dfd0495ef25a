// What is done where two visits of one clinician overlap, chosen by whoever configures the account.
import { ask } from "./api.js";
import { renew } from "./day.js";
import { hold, release } from "./holding.js";
import { say } from "./toast.js";

const PATH = "/api/run-sheet/overlap-policy";
const dialog = document.querySelector("[data-overlap-choices]");
const form = dialog.querySelector("form");
const error = dialog.querySelector("[data-overlap-error]");
const columns = [...form.querySelectorAll("[data-column]")];

let was = { policy: form.elements.policy.value, clinicians: chosenOf() };

function chosenOf() {
  return Object.fromEntries(columns.map((one) => [one.dataset.column, one.value || null]));
}

// As it stands now: somebody else may have chosen since the page was opened. Shown before it is known,
// it could be taken for an answer, and what was chosen meanwhile would be laid over.
async function open({ currentTarget: opener }) {
  hold(opener);
  error.textContent = "";
  try {
    show(await ask("GET", PATH));
  } catch (refusal) {
    error.textContent = refusal.message;
  } finally {
    release(opener);
  }
  dialog.showModal();
}

function show({ policy, clinicians }) {
  const own = Object.fromEntries(clinicians.map((one) => [one.id, one.policy]));
  form.elements.policy.value = policy;
  for (const one of columns) one.value = own[one.dataset.column] ?? "";
  was = { policy, clinicians: chosenOf() };
}

function changes() {
  const { policy } = Object.fromEntries(new FormData(form));
  const clinicians = Object.fromEntries(Object.entries(chosenOf()).filter(([id, one]) => one !== was.clinicians[id]));
  return {
    ...(policy !== was.policy && { policy }),
    ...(Object.keys(clinicians).length && { clinicians }),
  };
}

async function save() {
  const body = changes();
  if (Object.keys(body).length) {
    show(await ask("PATCH", PATH, { body }));
    await renew();
    say("Saved. It applies from the next edit on.");
  }
  dialog.close();
}

document.querySelector("[data-overlap-policy]").addEventListener("click", open);
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector(".primary");
  hold(button);
  error.textContent = "";
  try {
    await save();
  } catch (refusal) {
    error.textContent = refusal.message;
  } finally {
    release(button);
  }
});
