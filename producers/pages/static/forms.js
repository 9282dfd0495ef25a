// What forms here share: one sentence of trouble beside them, a busy button, kept drafts.
import { hold, release } from "./holding.js";

const KEEP = "draft:";
const PART = "part";

export function fail(form, message) {
  const line = form.querySelector("[data-error]");
  said(form, "");
  line.textContent = message;
  line.hidden = false;
  line.scrollIntoView({ block: "nearest" });
}

export function said(form, message) {
  const line = form.querySelector("[data-said]");
  if (line) line.textContent = message;
}

// Buttons wait for this: a form sent without the script would carry what is typed somewhere else.
export function ready() {
  for (const button of document.querySelectorAll("[data-ready]")) button.disabled = false;
}

// Runs what a button asks for: busy meanwhile, the trouble said beside the form.
export async function busy(form, button, work) {
  const label = button.querySelector("[data-label]") ?? button;
  const before = label.textContent;
  const error = form.querySelector("[data-error]");
  if (error) error.hidden = true;
  form.setAttribute("aria-busy", "true");
  hold(button);
  label.textContent = button.dataset.busy ?? "Saving…";
  said(form, "");
  try {
    return await work();
  } catch (refusal) {
    fail(form, explained(form, refusal));
    return undefined;
  } finally {
    form.removeAttribute("aria-busy");
    release(button);
    label.textContent = before;
  }
}

function explained(form, refusal) {
  if (refusal.status === 412) return "Somebody changed this connection meanwhile. Reload the page to see it; what you typed is kept.";
  const place = refusal.places?.find(({ at }) => fieldAt(form, at)?.labels);
  if (!place) return refusal.message;
  return `${blame(fieldAt(form, place.at))}: ${place.problem}.`;
}

const fieldAt = (form, place) => form.elements[place.split(".").at(-1)];

function blame(field) {
  field.closest("details")?.setAttribute("open", "");
  field.setAttribute("aria-invalid", "true");
  field.focus();
  return nameOf(field);
}

// Spaces alone are nothing, and those around what was pasted are no part of it.
export function trim(form) {
  for (const field of form.querySelectorAll("input, textarea")) {
    if (field.value !== field.value.trim()) field.value = field.value.trim();
  }
}

// Every field is filled in as it must be; the first that is not gets the focus and says why.
export function complete(form) {
  trim(form);
  for (const field of form.querySelectorAll("input, select, textarea")) {
    const open = field.checkVisibility() || field.closest("details");
    if (field.disabled || !open || field.validity.valid) {
      field.removeAttribute("aria-invalid");
      continue;
    }
    fail(form, `${blame(field)}: ${why(field)}`);
    return false;
  }
  return true;
}

const nameOf = (field) => field.labels?.[0]?.firstChild?.textContent.trim() || "This field";

function why(field) {
  if (field.validity.valueMissing) return (field.placeholder && field.dataset.lacking) || "please fill it in.";
  if (field.validity.typeMismatch && field.type === "url") return "write it as https://…";
  return field.validationMessage || "please check it.";
}

export function values(form, group) {
  const wanted = [...form.elements].filter((one) => one.name && (one.dataset.group ?? "") === (group ?? ""));
  return Object.fromEntries(wanted.map((one) => [one.name, one.value.trim()]));
}

// A vendor's settings as they are stored: switches, numbers, texts; nothing means the usual.
export function settingsOf(form) {
  const typed = Object.entries(values(form, "settings"));
  return Object.fromEntries(typed.map(([key, value]) => [key, stored(key, value)]));
}

function stored(key, value) {
  if (value === "") return null;
  if (value === "yes" || value === "no") return value === "yes";
  return key === "default_minutes" ? Number(value) : value;
}

// What was typed survives a reload, and only that: what others change meanwhile stays theirs. Secrets are
// never kept. `hold` adds a part whose fields come and go: it tells what it wants, and lays it out again.
export function draft(form, name) {
  const key = KEEP + name;
  const kept = JSON.parse(sessionStorage.getItem(key) ?? "{}");
  let part = null;
  let was = null;
  const back = () => said(form, "What you had typed is back; it is not saved yet.");
  const changed = fields(form).filter((one) => handle(one) in kept && kept[handle(one)] !== current(one));
  for (const field of changed) {
    if (isSwitch(field)) field.checked = kept[handle(field)];
    else field.value = kept[handle(field)];
  }
  if (changed.length) back();
  const keep = () => {
    const typed = fields(form).filter(isTyped).map((one) => [handle(one), current(one)]);
    if (part && JSON.stringify(part.wanted()) !== was) typed.push([PART, part.wanted()]);
    if (typed.length) sessionStorage.setItem(key, JSON.stringify(Object.fromEntries(typed)));
    else sessionStorage.removeItem(key);
  };
  const hold = (held) => {
    part = held;
    was = JSON.stringify(part.wanted());
    if (!(PART in kept)) return;
    part.lay(kept[PART]);
    back();
  };
  const forget = () => {
    sessionStorage.removeItem(key);
    fields(form).forEach(settle);
    was = part && JSON.stringify(part.wanted());
  };
  const error = form.querySelector("[data-error]");
  const hide = () => {
    error.hidden = true;
  };
  form.addEventListener("input", keep);
  form.addEventListener("input", hide);
  form.addEventListener("change", keep);
  return { keep, hold, forget };
}

const current = (field) => (isSwitch(field) ? field.checked : field.value);
const isSwitch = (field) => field.type === "checkbox" || field.type === "radio";
const isApart = (field) => "secret" in field.dataset || "find" in field.dataset || field.closest("[data-week], [data-days]");
const fields = (form) => [...form.querySelectorAll("input, select")].filter((one) => !isApart(one));

function isTyped(field) {
  if (isSwitch(field)) return field.checked !== field.defaultChecked;
  if (field.type !== "select-one") return field.value !== field.defaultValue;
  const given = [...field.options].find((one) => one.defaultSelected) ?? field.options[0];
  return field.value !== given?.value;
}

// What is saved is what the page would be given now.
function settle(field) {
  if (isSwitch(field)) field.defaultChecked = field.checked;
  else if (field.type !== "select-one") field.defaultValue = field.value;
  else for (const one of field.options) one.defaultSelected = one.selected;
}

function handle(field) {
  const row = field.closest("[data-practitioner], [data-type]");
  const where = row ? (row.dataset.practitioner ?? row.dataset.type) : "";
  const what = field.name || Object.keys(field.dataset)[0];
  return [where, what, field.type === "radio" ? field.value : ""].join("|");
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-reveal]");
  if (!button) return;
  const field = document.getElementById(button.dataset.reveal);
  const shown = field.type === "text";
  field.type = shown ? "password" : "text";
  button.textContent = shown ? "Show" : "Hide";
  button.setAttribute("aria-pressed", String(!shown));
  field.focus();
});
