// Who set what: shown on hover and on focus, read out by screen readers.
const tip = document.querySelector("[data-tip]");
let owner = null;
let stood = 0;

const fieldOf = (target) => (target instanceof Element ? target.closest(".field") : null);

function show(field) {
  const origin = document.getElementById(field.getAttribute("aria-describedby"));
  if (!origin) return;
  owner = field;
  (field.closest("dialog") ?? document.body).append(tip);
  tip.textContent = origin.textContent;
  tip.showPopover();
  const at = field.getBoundingClientRect();
  stood = at.top;
  const own = tip.getBoundingClientRect();
  const left = Math.min(Math.max(12, at.left), innerWidth - own.width - 12);
  const below = at.bottom + 6 + own.height < innerHeight;
  tip.style.left = `${left}px`;
  tip.style.top = `${below ? at.bottom + 6 : at.top - own.height - 6}px`;
}

export function hideTip() {
  owner = null;
  if (tip.matches(":popover-open")) tip.hidePopover();
}

document.addEventListener("mouseover", (event) => {
  const field = fieldOf(event.target);
  if (field === owner) return;
  hideTip();
  if (field) show(field);
});
document.addEventListener("focusin", (event) => {
  const field = fieldOf(event.target);
  hideTip();
  if (field?.matches(":focus-visible")) show(field);
});
document.addEventListener("focusout", hideTip);
// What was scrolled before the tip was shown is reported after it: only a field that moved matters.
document.addEventListener("scroll", () => {
  if (owner && Math.abs(owner.getBoundingClientRect().top - stood) > 2) hideTip();
}, true);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && owner) hideTip();
});
