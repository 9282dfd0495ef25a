// From day to day, with the mouse or the keyboard; around the sheet with j and k.
import { shown } from "./day.js";
import { actsBy } from "./keys.js";

const typing = (target) => target.closest?.("input:not([type=checkbox]), select, textarea, [popover]");

function go(where) {
  const link = document.querySelector(`[data-go="${where}"]`);
  if (link) leave(() => link.click());
}

function leave(then) {
  document.body.classList.add("leaving");
  then();
}

function step(by) {
  const all = [...document.querySelectorAll("#board .card:not([hidden]) .who")].filter((one) => one.checkVisibility());
  const at = all.indexOf(document.activeElement?.closest?.(".card")?.querySelector(".who"));
  all[Math.min(Math.max(at + by, 0), all.length - 1)]?.focus();
}

function pick() {
  const day = document.querySelector(".pick input");
  try {
    day.showPicker();
  } catch {
    // A browser without a picker that can be shown: the field itself is.
    document.querySelector(".pick").classList.add("open");
    day.focus();
  }
}

const keys = document.querySelector("[data-keys]");
const KEYS = {
  ArrowLeft: () => go("before"),
  ArrowRight: () => go("after"),
  t: () => go("today"),
  j: () => step(1),
  k: () => step(-1),
  g: pick,
  "?": () => keys.showModal(),
  s: () => document.querySelector("[data-sync]:not([hidden])")?.click(),
  "/": () => document.querySelector('[data-filter="name"]').focus(),
};

document.addEventListener("keydown", (event) => {
  const act = KEYS[actsBy(event)];
  if (!act || typing(event.target) || !shown() || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  act();
});
document.querySelector("[data-pick]").addEventListener("click", pick);
document.querySelector("[data-show-keys]").addEventListener("click", () => keys.showModal());
document.querySelector(".pick input").tabIndex = -1;
document.querySelector(".pick input").addEventListener("change", (event) => {
  if (event.target.value) leave(() => event.target.form.requestSubmit());
});
for (const dialog of document.querySelectorAll("dialog.small")) {
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
  });
}
// Still here: the day that was chosen can be chosen again.
function stay() {
  document.body.classList.remove("leaving");
  document.querySelector(".pick").reset();
}

addEventListener("stayed", stay);
addEventListener("pageshow", stay);
