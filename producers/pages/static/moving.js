// From day to day, with the mouse or the keyboard; around the sheet with j and k.
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

const KEYS = {
  ArrowLeft: () => go("before"),
  ArrowRight: () => go("after"),
  t: () => go("today"),
  j: () => step(1),
  k: () => step(-1),
  s: () => document.querySelector("[data-sync]")?.click(),
  "/": () => document.querySelector('[data-filter="name"]').focus(),
};

document.addEventListener("keydown", (event) => {
  const act = KEYS[event.key];
  const busy = event.ctrlKey || event.metaKey || event.altKey || typing(event.target);
  if (!act || busy || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  act();
});
document.querySelector(".pick input").addEventListener("change", (event) => {
  if (event.target.value) leave(() => event.target.form.requestSubmit());
});
addEventListener("pageshow", () => document.body.classList.remove("leaving"));
