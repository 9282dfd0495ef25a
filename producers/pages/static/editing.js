// Editing a field in its place: Enter saves, Escape cancels, Tab saves and goes on.
import { ask } from "./api.js";
import { renew } from "./day.js";
import { renewPanel } from "./panel.js";
import { hideTip } from "./tip.js";
import { say } from "./toast.js";
import { fieldFor, readValue, words } from "./values.js";

const form = document.querySelector("[data-editor]");
const label = form.querySelector("[data-editor-label]");
const place = form.querySelector("[data-editor-input]");
const error = form.querySelector("[data-editor-error]");
const why = form.querySelector("[data-editor-why]");

let editing = null;

const value = () => place.firstElementChild.value.trim();

// What was typed, or undefined with the reason beside the field.
function typed() {
  try {
    return readValue(editing.field.dataset.kind, value());
  } catch (wrong) {
    refuse(wrong.message);
    return undefined;
  }
}

function refuse(sentence) {
  const input = place.firstElementChild;
  error.textContent = sentence;
  input.setAttribute("aria-invalid", "true");
  input.focus();
}

function begin(field) {
  if (field.getAttribute("aria-disabled")) return;
  hideTip();
  // The row as it was when the editor opened: what others save meanwhile must not be overwritten.
  editing = { field, saving: false, version: field.dataset.version };
  label.textContent = field.dataset.label;
  error.textContent = "";
  const entry = fieldFor(field.dataset.kind, { choices: choicesOf(field), present: field.dataset.value });
  entry.setAttribute("aria-describedby", error.id);
  place.replaceChildren(entry);
  entry.value = field.dataset.value;
  (field.closest("dialog") ?? document.body).append(form);
  askWhy();
  form.showPopover();
  put(field);
  entry.focus();
  entry.select?.();
}

function choicesOf(field) {
  return field.dataset.choices && JSON.parse(field.dataset.choices);
}

// A visit that is called off at its practice is asked for the reason, which stays here.
function askWhy() {
  const { dataset } = editing.field;
  why.hidden = !("asksWhy" in dataset && value() === "cancelled" && dataset.value !== "cancelled");
  why.querySelector("input").value = "";
}

const reason = () => (why.hidden ? "" : why.querySelector("input").value.trim());

function put(field) {
  const at = field.getBoundingClientRect();
  const own = form.getBoundingClientRect();
  const left = Math.min(Math.max(12, at.left - 12), innerWidth - own.width - 12);
  const top = Math.min(Math.max(12, at.top - 12), innerHeight - own.height - 12);
  form.style.left = `${left}px`;
  form.style.top = `${top}px`;
}

function end({ focus = false } = {}) {
  const field = editing?.field;
  editing = null;
  if (form.matches(":popover-open")) form.hidePopover();
  if (focus) current(field)?.focus();
}

// The page may have been renewed meanwhile: the same field by its id.
const current = (field) => field && (document.getElementById(field.id) ?? field);

async function save({ focus = false } = {}) {
  if (!editing || editing.saving) return;
  const field = editing.field;
  if (value() === field.dataset.value.trim()) {
    end({ focus });
    return;
  }
  const given = typed();
  if (given === undefined) return;
  editing.saving = true;
  const text = field.querySelector("[data-shown]");
  const before = text.textContent;
  if (given) text.textContent = shownAs(field, given);
  field.classList.add("saving");
  try {
    await ask("PATCH", `/api/run-sheet/appointments/${field.dataset.entry}`, {
      body: { [field.dataset.edit]: given, ...(reason() && { cancel_reason: reason() }) },
      version: editing.version,
    });
    end({ focus });
    await Promise.all([renew(), renewPanel()]);
    say(`${field.dataset.label} saved.`);
    if (focus) current(field)?.focus();
  } catch (refusal) {
    text.textContent = before;
    refused(refusal);
  } finally {
    field.classList.remove("saving");
  }
}

function shownAs(field, text) {
  const chosen = choicesOf(field)?.find(([value]) => value === text);
  if (chosen) return chosen[1];
  if (field.dataset.kind === "minutes") return `${text} min`;
  return field.dataset.kind === "status" ? words(text) : text;
}

function refused(refusal) {
  if (refusal.status === 412) {
    end({ focus: true });
    say(refusal.message);
    renew();
    renewPanel();
    return;
  }
  if (!editing) {
    say(refusal.message);
    return;
  }
  editing.saving = false;
  refuse(refusal.message);
}

function neighbour(field, step) {
  const within = field.closest("dialog") ?? document.getElementById("day");
  const all = [...within.querySelectorAll(".field, .who, button, a")].filter((one) => one.checkVisibility());
  return all[all.indexOf(current(field)) + step];
}

place.addEventListener("change", () => editing && askWhy());
form.addEventListener("submit", (event) => {
  event.preventDefault();
  save({ focus: true });
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    end({ focus: true });
  } else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    save({ focus: true });
  } else if (event.key === "Tab" && editing) {
    event.preventDefault();
    if (value() !== editing.field.dataset.value.trim() && typed() === undefined) return;
    const next = neighbour(editing.field, event.shiftKey ? -1 : 1);
    save();
    next?.focus();
  }
});
form.addEventListener("focusout", (event) => {
  if (editing && !editing.saving && !form.contains(event.relatedTarget)) save();
});
document.addEventListener("click", (event) => {
  const field = event.target.closest?.(".field");
  if (field) begin(field);
});
