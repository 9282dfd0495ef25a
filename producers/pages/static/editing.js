// Editing a field in its place: Enter saves, Escape cancels, Tab saves and goes on.
import { ask } from "./api.js";
import { renew } from "./day.js";
import { renewPanel } from "./panel.js";
import { hideTip } from "./tip.js";
import { say } from "./toast.js";

const form = document.querySelector("[data-editor]");
const label = form.querySelector("[data-editor-label]");
const place = form.querySelector("[data-editor-input]");
const error = form.querySelector("[data-editor-error]");
const STATUSES = ["booked", "confirmed", "arrived", "in_progress", "completed", "cancelled", "no_show"];
const TYPES = { time: "time", tel: "tel", email: "email", date: "date", minutes: "number" };

let editing = null;

const value = () => place.firstElementChild.value.trim();

function input(kind) {
  if (kind === "status") {
    const choice = document.createElement("select");
    for (const status of STATUSES) choice.add(new Option(words(status), status));
    return choice;
  }
  const made = document.createElement(kind === "notes" ? "textarea" : "input");
  if (kind === "notes") made.rows = 4;
  else made.type = TYPES[kind] ?? "text";
  made.autocomplete = "off";
  return made;
}

function words(text) {
  const spaced = text.replaceAll("_", " ");
  return spaced[0].toUpperCase() + spaced.slice(1);
}

function begin(field) {
  if (field.getAttribute("aria-disabled")) return;
  hideTip();
  // The row as it was when the editor opened: what others save meanwhile must not be overwritten.
  editing = { field, saving: false, version: field.dataset.version };
  label.textContent = field.dataset.label;
  error.textContent = "";
  const entry = input(field.dataset.kind);
  place.replaceChildren(entry);
  entry.value = field.dataset.value;
  (field.closest("dialog") ?? document.body).append(form);
  form.showPopover();
  put(field);
  entry.focus();
  entry.select?.();
}

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
  editing.saving = true;
  const text = field.querySelector("[data-shown]");
  const before = text.textContent;
  if (value()) text.textContent = shownAs(field.dataset.kind, value());
  field.classList.add("saving");
  try {
    await ask("PATCH", `/api/run-sheet/appointments/${field.dataset.entry}`, {
      body: { [field.dataset.edit]: value() || null },
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

function shownAs(kind, text) {
  if (kind === "minutes") return `${text} min`;
  return kind === "status" ? words(text) : text;
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
  error.textContent = refusal.message;
  place.firstElementChild.focus();
}

function neighbour(field, step) {
  const within = field.closest("dialog") ?? document.getElementById("day");
  const all = [...within.querySelectorAll(".field, .who, button, a")].filter((one) => one.checkVisibility());
  return all[all.indexOf(current(field)) + step];
}

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
