// Editing a field in its place: Enter saves, Escape cancels, Tab saves and goes on.
import { renew, whenRenewed } from "./day.js";
import { renewPanel } from "./panel.js";
import { saveValues } from "./saving.js";
import { guard } from "./staying.js";
import { hideTip } from "./tip.js";
import { say } from "./toast.js";
import { dateInWords, fieldFor, readValue, words } from "./values.js";

const form = document.querySelector("[data-editor]");
const label = form.querySelector("[data-editor-label]");
const place = form.querySelector("[data-editor-input]");
const error = form.querySelector("[data-editor-error]");
const why = form.querySelector("[data-editor-why]");
const cancel = form.querySelector("[data-editor-cancel]");
const waiting = form.querySelector("[data-editor-saving]");

let editing = null;
const underWay = new Set();

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

// What was refused stays open until it is mended or given up; out of reach, it is told.
function isHeld(home) {
  if (editing && !editing.saving && !editing.isStale) save();
  if (!editing || editing.saving) return false;
  if (form.parentElement !== home) {
    lose(editing, error.textContent);
    return false;
  }
  place.firstElementChild.focus();
  return true;
}

function begin(field) {
  const home = field.closest("dialog") ?? document.body;
  if (field.getAttribute("aria-disabled") || isHeld(home)) return;
  end();
  hideTip();
  const { entry: row, value: was, version } = field.dataset;
  // Whose it is, too: what was refused stays open while the rows are scrolled under it.
  label.textContent = `${field.dataset.label}${ofWhom(row)}`;
  error.textContent = "";
  waiting.textContent = "";
  const entry = fieldFor(field.dataset.kind, { choices: choicesOf(field), present: was });
  entry.setAttribute("aria-describedby", error.id);
  entry.dir = field.querySelector("[data-shown]").dir;
  // What stood here may have the focus still, and gives it up as it goes: by now it is nobody's value.
  place.replaceChildren(entry);
  entry.value = was;
  // The row as it was when the editor opened: what others save meanwhile must not be overwritten.
  editing = { field, row, was: was.trim(), version, saving: false, isStale: false };
  home.append(form);
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

// Beside another row it would pass for that one's.
function follow() {
  const field = editing && current(editing.field);
  if (field?.isConnected) put(field);
}

function end({ focus = false } = {}) {
  const field = editing?.field;
  const wasHere = form.contains(document.activeElement);
  editing = null;
  if (form.matches(":popover-open")) form.hidePopover();
  if (focus && wasHere) current(field)?.focus();
}

// The page may have been renewed meanwhile: the same field by its id.
const current = (field) => field && (document.getElementById(field.id) ?? field);

async function save({ focus = false } = {}) {
  const mine = editing;
  if (!mine || mine.saving) return;
  if (value() === mine.was) {
    end({ focus });
    return;
  }
  const given = typed();
  if (given === undefined) return;
  const sending = send(mine, given);
  underWay.add(sending);
  let answer = null;
  try {
    answer = await sending;
  } finally {
    underWay.delete(sending);
  }
  if (answer) await saved(mine, { focus, ...answer });
}

// What came of it, or null where it was refused and that is told.
async function send(mine, given) {
  const { field } = mine;
  const text = field.querySelector("[data-shown]");
  const before = text.textContent;
  Object.assign(mine, { saving: true, isStale: false, typed: given && shownAs(field, given) });
  if (given) text.textContent = mine.typed;
  field.classList.add("saving");
  waiting.textContent = "Saving…";
  try {
    return { warning: await saveValues(mine.row, mine.version, { [field.dataset.edit]: given, ...(reason() && { cancel_reason: reason() }) }) };
  } catch (refusal) {
    text.textContent = before;
    await refused(mine, refusal);
    return null;
  } finally {
    field.classList.remove("saving");
    if (editing === mine) waiting.textContent = "";
  }
}

// Whoever has gone on to another field meanwhile is left there.
async function saved(mine, { focus, warning }) {
  if (editing === mine) end({ focus });
  await Promise.allSettled([renew(), renewPanel()]);
  say([`${mine.field.dataset.label} saved.`, warning].filter(Boolean).join(" "));
  if (focus && document.activeElement === document.body) current(mine.field)?.focus();
}

function shownAs(field, text) {
  const chosen = choicesOf(field)?.find(([value]) => value === text);
  if (chosen) return chosen[1];
  if (field.dataset.kind === "minutes") return `${text} min`;
  if (field.dataset.kind.startsWith("date") && /^\d{4}-/.test(text)) return dateInWords(text);
  return field.dataset.kind === "status" ? words(text) : text;
}

async function refused(mine, { status, message }) {
  // Nobody is signed in any more: the window is cleared, and says nothing of a row.
  if (status === 401) return;
  if (status === 412) await Promise.allSettled([renew(), renewPanel()]);
  if (editing !== mine) {
    tell(mine, message);
    return;
  }
  mine.saving = false;
  if (status === 412) overtaken(mine, message);
  else refuse(message);
}

// Somebody else changed the row: what was typed stays, and Enter puts it onto the row as it is now.
function overtaken(mine, message) {
  const field = document.getElementById(mine.field.id);
  if (!field) {
    lose(mine, message);
    return;
  }
  const now = field.dataset.value.trim();
  const theirs = now === mine.was ? "" : ` It says “${now ? shownAs(field, now) : "nothing"}” now.`;
  Object.assign(mine, { field, was: now, version: field.dataset.version, isStale: true });
  refuse(`${message}${theirs} Enter saves what you typed.`);
}

function lose(mine, message) {
  mine.typed = value();
  end();
  tell(mine, message);
}

function ofWhom(row) {
  const name = document.querySelector(`.card [data-open="${row}"]`)?.textContent.trim();
  return name ? ` of ${name}` : "";
}

function tell(mine, message) {
  say(`${mine.field.dataset.label}${ofWhom(mine.row)} was not saved: “${mine.typed || "nothing"}”. ${message}`);
}

const isUnsaved = () => underWay.size > 0 || Boolean(editing && value() !== editing.was);

// Whether nothing typed would be lost by now; what was refused is shown once more.
async function settle() {
  if (editing && !editing.saving && !editing.isStale) save();
  const answers = await Promise.all(underWay);
  if (editing) place.firstElementChild.focus();
  return !editing && answers.every(Boolean);
}

function neighbour(field, step) {
  const within = field.closest("dialog") ?? document.getElementById("day");
  const all = [...within.querySelectorAll(".field, .who, button, a")].filter((one) => one.checkVisibility());
  return all[all.indexOf(current(field)) + step];
}

// From the value to the reason and back, where one is asked for; else on to the next field.
function tab(event) {
  const step = event.shiftKey ? -1 : 1;
  const own = [place.firstElementChild, ...(why.hidden ? [] : [why.querySelector("input")])];
  event.preventDefault();
  const other = own[own.indexOf(document.activeElement) + step];
  if (other) {
    other.focus();
    return;
  }
  if (value() !== editing.was && typed() === undefined) return;
  const next = neighbour(editing.field, step);
  save();
  next?.focus();
}

place.addEventListener("change", () => editing && askWhy());
form.addEventListener("submit", (event) => {
  event.preventDefault();
  save({ focus: true });
});
form.addEventListener("keydown", (event) => {
  // A word that is still being put together, as Chinese is, ends with these keys, too.
  if (event.isComposing) return;
  if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    end({ focus: true });
  } else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    save({ focus: true });
  } else if (event.key === "Tab" && editing) {
    tab(event);
  }
});
// A press on it must not take the focus from what is typed: that would save it.
cancel.addEventListener("pointerdown", (event) => event.preventDefault());
cancel.addEventListener("click", () => end({ focus: true }));
form.addEventListener("focusout", (event) => {
  if (editing && !editing.saving && !editing.isStale && !form.contains(event.relatedTarget)) save();
});
document.addEventListener("scroll", follow, true);
whenRenewed(follow);
document.addEventListener("click", (event) => {
  const field = event.target.closest?.(".field");
  if (field) begin(field);
});
// An editor goes with the panel it stands in: what is not saved by then is told.
document.addEventListener("close", ({ target }) => {
  if (!editing || form.parentElement !== target) return;
  if (!editing.isStale) save();
  if (editing && !editing.saving) lose(editing, error.textContent);
  end();
}, true);
addEventListener("signed-out", () => { editing = null; });
guard(isUnsaved, settle);
