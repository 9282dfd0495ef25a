// A button whose work is under way does nothing more, and keeps the focus: a browser takes it from one that is disabled.
const underWay = new WeakSet();

export function hold(button) {
  underWay.add(button);
  button.setAttribute("aria-disabled", "true");
}

export function release(button) {
  underWay.delete(button);
  button.removeAttribute("aria-disabled");
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button");
  if (!button || !(underWay.has(button) || button.ariaDisabled === "true")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);
