// An appointment that no PMS told of, typed by a person.
import { ask } from "./api.js";
import { renew, shown } from "./day.js";
import { trim } from "./forms.js";
import { hold, release } from "./holding.js";
import { guard } from "./staying.js";
import { say } from "./toast.js";
import { readValue } from "./values.js";

const dialog = document.querySelector("[data-adding]");
const form = dialog.querySelector("form");
const error = dialog.querySelector("[data-adding-error]");
const DONE = {
  created: "Added.",
  linked: "Joined with the same appointment from the PMS.",
  updated: "Added to the row that was there already.",
  unchanged: "It was there already.",
};

const MISSING = { time: "When does it begin?", patient_name: "Whose appointment is it? If nobody's, tick “A block: nobody is booked”." };

// A block is of nobody: what was typed of a patient is not sent with it.
function fit() {
  const { block, patient_name: name } = form.elements;
  name.required = !block.checked;
  for (const of of ["patient_name", "patient_phone", "patient_date_of_birth"]) form.elements[of].disabled = block.checked;
}

// The day is there from the beginning.
const isTyped = () => [...new FormData(form)].some(([name, value]) => name !== "day" && value.trim());

let sent = { text: null, key: null };

// The same words sent twice are one request, whatever became of the first answer.
function keyOf(body) {
  const text = JSON.stringify(body);
  if (text !== sent.text) {
    const words = crypto.getRandomValues(new Uint32Array(4));
    sent = { text, key: [...words].map((one) => one.toString(16)).join("-") };
  }
  return sent.key;
}

// As the sheet's own fields read it: a browser's own fields for times and dates follow its language.
function read([name, value]) {
  const field = form.elements[name];
  if (!field.dataset.kind) return [name, value];
  try {
    return [name, readValue(field.dataset.kind, value) ?? ""];
  } catch (unread) {
    field.focus();
    throw unread;
  }
}

function told() {
  const typed = [...new FormData(form)].map(read);
  const { day, time, block, is_telehealth: telehealth, ...given } = Object.fromEntries(typed);
  const kept = Object.entries(given).filter(([, value]) => value.trim());
  const kind = block ? { kind: "block" } : {};
  const body = { source: "manual", start: `${day}T${time}`, ...kind, ...Object.fromEntries(kept) };
  return telehealth ? { ...body, is_telehealth: true } : body;
}

async function add() {
  trim(form);
  const missing = form.querySelector(":invalid");
  if (missing) {
    error.textContent = MISSING[missing.name] ?? missing.validationMessage;
    missing.focus();
    return;
  }
  const body = told();
  const { appointments } = await ask("POST", "/api/run-sheet/appointments", { body, key: keyOf(body) });
  empty();
  await renew();
  const [{ outcome, overlaps }] = appointments;
  say(overlaps?.length ? `${DONE[outcome]} It overlaps another appointment of the same clinician; the sheet shows which.` : DONE[outcome]);
}

// The next one begins with nothing of this one's patient.
function empty() {
  dialog.close();
  form.reset();
  fit();
  sent = { text: null, key: null };
}

document.querySelector("[data-add]").addEventListener("click", () => {
  error.textContent = "";
  form.elements.day.value = shown().dataset.day;
  dialog.showModal();
  form.elements.time.focus();
});
dialog.querySelector("[data-adding-cancel]").addEventListener("click", empty);
// A click beside it is a slip once something is typed.
dialog.addEventListener("click", (event) => event.target === dialog && !isTyped() && dialog.close());
form.elements.block.addEventListener("change", fit);
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector(".primary");
  hold(button);
  error.textContent = "";
  try {
    await add();
  } catch (refusal) {
    error.textContent = refusal.message.replace(/^appointments\[0\]: /, "");
  } finally {
    release(button);
  }
});
// Nothing leads out of the open dialog but the browser itself, which asks.
guard(() => dialog.isConnected && dialog.open && isTyped(), async () => false);
