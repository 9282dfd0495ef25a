// Keys that act by themselves. Whoever speaks to the machine, or whose hand is unsteady, can switch
// those of a single letter or sign off (WCAG 2.1.4), in this browser; arrows, Enter and Esc go on.
const KEPT = "single-keys";

function areOn() {
  return localStorage.getItem(KEPT) !== "off";
}

// The key that may act, or nothing: with Ctrl and the like it is the browser's.
export function actsBy(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  return event.key.length > 1 || areOn() ? event.key : null;
}

// Where they can be switched off, it shows whether they are.
export function tellKeys() {
  for (const box of document.querySelectorAll("[data-single-keys]")) box.checked = areOn();
}

document.addEventListener("change", (event) => {
  if (!event.target.matches?.("[data-single-keys]")) return;
  localStorage.setItem(KEPT, event.target.checked ? "on" : "off");
});
// Another window of this browser may have switched them.
addEventListener("storage", (event) => event.key === KEPT && tellKeys());
tellKeys();
