// What of the day is shown; chosen here, never sent anywhere. Enter goes from match to match.
// A choice holds for this window's other days, too; whom somebody looks for does not.
import { shown, whenRenewed } from "./day.js";
import { bring } from "./now.js";

const control = (name) => document.querySelector(`[data-filter="${name}"]`);
const found = document.querySelector("[data-found]");
const nobody = document.querySelector("[data-nobody]");
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const digits = (text) => text.replace(/\D/g, "");
// Fewer stand in almost every number.
const FEWEST_DIGITS = 3;

const KEPT = "filters";
const SWITCHES = ["telehealth", "off"];

// The match somebody stands at, by its id: the page may be renewed meanwhile.
let standing = null;

const cards = (within = shown()) => [...within.querySelectorAll("#board .card")];
const matches = () => [...document.querySelectorAll("#board .column:not([hidden]) .card:not([hidden])")];

function apply() {
  const name = plain(control("name").value.trim());
  const clinician = control("clinician").value;
  for (const column of document.querySelectorAll("#board .column")) {
    const own = [...column.querySelectorAll(".card")];
    for (const card of own) card.hidden = !isWanted(card, name);
    const some = own.some((card) => !card.hidden);
    // Somebody is looked for: a column without them is in the way.
    column.hidden = (clinician !== "" && column.dataset.clinician !== clinician) || (name !== "" && !some);
    column.classList.toggle("unmatched", !some);
    column.querySelector(".none-left").hidden = some;
  }
  tell(name);
}

function isWanted(card, name) {
  if (control("telehealth").checked && !("telehealth" in card.dataset)) return false;
  if (control("off").checked && "off" in card.dataset) return false;
  return !name || isCalled(card, name) || isReachedAt(card, name);
}

// As it is said at the desk: first or last name first, or only the beginnings of both.
function isCalled(card, name) {
  const own = plain(card.querySelector(".who").textContent);
  return name.split(/[\s,]+/).every((word) => own.includes(word));
}

// However it is written: as the practice's country does, or as a phone shows who calls.
function isReachedAt(card, name) {
  const wanted = digits(name);
  if (wanted.length < FEWEST_DIGITS || /\p{L}/u.test(name)) return false;
  const phone = card.querySelector('[data-edit="patient_phone"]');
  const dialled = card.querySelector(".call")?.getAttribute("href") ?? "";
  return Boolean(phone) && [phone.dataset.value, dialled].some((one) => digits(one).includes(wanted));
}

function tell(name) {
  const all = cards();
  const here = matches();
  const at = here.findIndex((card) => card.id === standing);
  for (const card of all) card.classList.toggle("standing", name !== "" && card.id === standing);
  found.textContent = !name ? "" : at < 0 ? `${here.length} of ${all.length}` : `match ${at + 1}/${here.length}`;
  nobody.hidden = !name || here.length > 0;
  nobody.textContent = nobody.hidden ? "" : `Nobody matches “${control("name").value.trim()}” on ${shown().dataset.spoken}${narrowed()}${"wide" in shown().dataset ? " in the columns shown" : ""}.`;
}

const narrowed = () => (
  control("telehealth").checked || control("off").checked || control("clinician").value ? " with these filters" : ""
);

function step(by) {
  const here = matches();
  if (!here.length) return;
  const at = here.findIndex((card) => card.id === standing);
  const next = at < 0 ? (by > 0 ? 0 : here.length - 1) : (at + by + here.length) % here.length;
  standing = here[next].id;
  bring(here[next]);
  tell(plain(control("name").value.trim()));
}

// Columns come and go, and are renamed, while the page is open.
function rename() {
  const choice = control("clinician");
  const chosen = choice.value;
  const columns = [...document.querySelectorAll("#board .column")];
  const options = columns.map((one) => new Option(one.querySelector("h2").textContent, one.dataset.clinician));
  choice.replaceChildren(choice.options[0], ...options);
  choice.value = options.some((one) => one.value === chosen) ? chosen : "";
}

function keep() {
  const switches = SWITCHES.map((name) => [name, control(name).checked]);
  sessionStorage.setItem(KEPT, JSON.stringify({ ...Object.fromEntries(switches), clinician: control("clinician").value }));
}

function takeUp() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
  for (const name of SWITCHES) control(name).checked = Boolean(kept[name]);
  const choice = control("clinician");
  choice.value = [...choice.options].some((one) => one.value === kept.clinician) ? kept.clinician : "";
}

control("name").addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    event.preventDefault();
    step(event.shiftKey ? -1 : 1);
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    (document.getElementById(standing) ?? matches()[0])?.querySelector(".who").focus();
  }
});
document.querySelector(".filters").addEventListener("input", () => {
  standing = null;
  keep();
  apply();
  const [first] = matches();
  if (first && control("name").value.trim()) bring(first, { onlyBoard: true });
});
takeUp();
whenRenewed(() => {
  rename();
  apply();
});
