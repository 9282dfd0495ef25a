// Who set what: shown on hover and on focus, read out by screen readers.
const tip = document.querySelector("[data-tip]");
let owner = null;
let stood = 0;

const fieldOf = (target) => (target instanceof Element ? target.closest(".field") : null);

// What a field says is beside it; where there is no room for its value, the tip says that too.
function words(field) {
  const origin = document.getElementById(field.getAttribute("aria-describedby"));
  if (!origin) return null;
  const value = field.querySelector("[data-shown]");
  return value.offsetWidth > 1 ? origin.textContent : `${value.textContent}. ${origin.textContent}`;
}

function show(field) {
  const said = words(field);
  if (said === null) return;
  owner = field;
  (field.closest("dialog") ?? document.body).append(tip);
  tip.textContent = said;
  tip.showPopover();
  changes.observe(document.body, { subtree: true, childList: true, characterData: true });
  place(field);
}

function place(field) {
  const at = field.getBoundingClientRect();
  stood = at.top;
  const own = tip.getBoundingClientRect();
  const left = Math.min(Math.max(12, at.left), innerWidth - own.width - 12);
  const below = at.bottom + 6 + own.height < innerHeight;
  tip.style.left = `${left}px`;
  tip.style.top = `${below ? at.bottom + 6 : at.top - own.height - 6}px`;
}

// What is under a pointer that does not move may change, or go.
const changes = new MutationObserver(() => {
  const field = owner && document.getElementById(owner.id);
  const said = field && words(field);
  if (!said) {
    hideTip();
  } else if (said !== tip.textContent || field !== owner) {
    owner = field;
    tip.textContent = said;
    place(field);
  }
});

export function hideTip() {
  owner = null;
  changes.disconnect();
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
