// Nobody loses their place: a control that is replaced, hidden or taken away under somebody hands the focus on.
import { say } from "./toast.js";

const CONTROLS = "a[href], button, summary, [tabindex='0']";
const LAYERS = "dialog, [popover]";
const FLEETING = new Set(["version", "state", "busy", "value"]);
const KEPT = "focus";

// The latest of each layer: of the page, of a dialog over it. What lies on top comes last.
let trail = [];
let isLooking = false;

// Where a control stands, so that it, or what stands there after it, is found again.
function marked(control) {
  const layer = control.closest(LAYERS);
  const own = nameOf(control);
  const kind = kindOf(control);
  const steps = [];
  for (let at = control.parentElement; at && at !== document.body; at = at.parentElement) {
    const name = nameOf(at);
    if (at.localName === "main" || at === layer || document.querySelectorAll(name).length === 1) {
      steps.push({ name, like: placeOf(control, at, own), kin: kind && placeOf(control, at, kind), any: placeOf(control, at, CONTROLS) });
    }
    if (at === layer) break;
  }
  return { control, layer, own, kind, steps };
}

// By its id, else by what it is for.
const nameOf = (node) => (node.id ? `#${CSS.escape(node.id)}` : kindOf(node) ?? node.localName);

// What it is for, as its like elsewhere: the next line's “Remove”, say; null where nothing tells.
function kindOf(node) {
  const told = [...node.attributes].filter(({ name, value }) => name.startsWith("data-") && !FLEETING.has(name.slice(5)) && value.length < 80);
  const name = node.getAttribute("name");
  const all = [...told.map((one) => [one.name, one.value]), ...(name ? [["name", name]] : [])];
  return all.length ? node.localName + all.map(([key, value]) => `[${key}="${CSS.escape(value)}"]`).join("") : null;
}

const shownIn = (within, wanted) => [...within.querySelectorAll(wanted)].filter((one) => one.checkVisibility());
const isBefore = (one, control) => one.compareDocumentPosition(control) & Node.DOCUMENT_POSITION_FOLLOWING;
const placeOf = (control, within, wanted) => shownIn(within, wanted).filter((one) => isBefore(one, control)).length;
const nearest = (all, place) => all[Math.min(place, all.length - 1)];

function* heirs({ control, own, kind, steps }) {
  yield control;
  for (const { name, like, kin, any } of steps) {
    const within = document.querySelector(name);
    if (!within) continue;
    yield nearest(shownIn(within, own), like);
    if (kind) yield nearest(shownIn(within, kind), kin);
    yield nearest(shownIn(within, CONTROLS).filter((one) => !one.matches(":disabled")), any);
  }
}

// The page stays where it is read; the next key takes it there.
function takes(heir) {
  heir?.focus({ preventScroll: true });
  return Boolean(heir) && document.activeElement === heir;
}

const isNowhere = () => !document.activeElement || document.activeElement === document.body;

function look() {
  if (!trail.length || !isNowhere()) return;
  for (const mark of trail.toReversed()) {
    for (const heir of heirs(mark)) if (takes(heir)) return;
  }
  document.querySelector("main")?.focus({ preventScroll: true });
}

// A browser gives up a focus that cannot stay only when it paints.
function soon() {
  look();
  if (isLooking || !trail.length) return;
  isLooking = true;
  requestAnimationFrame(() => requestAnimationFrame(() => {
    isLooking = false;
    look();
  }));
}

// Whoever goes away by themselves, by a click beside everything say, is left alone.
function forget({ target }) {
  const layer = target.closest(LAYERS);
  trail = layer ? trail.filter((one) => one.layer !== layer && !layer.contains(one.layer)) : [];
}

document.addEventListener("focusin", ({ target }) => {
  if (target.localName === "main") return;
  const mark = marked(target);
  trail = [...trail.filter((one) => one.layer !== mark.layer), mark];
});
document.addEventListener("focusout", (event) => {
  const { target, relatedTarget } = event;
  if (relatedTarget) return;
  setTimeout(() => {
    if (isNowhere() && target.isConnected && !target.matches(":disabled") && target.checkVisibility()) forget(event);
  });
});
document.addEventListener("pointerdown", (event) => {
  if (event.target instanceof Element && !event.target.closest(`${CONTROLS}, input, select, textarea, label, [tabindex]`)) forget(event);
});
new MutationObserver(soon).observe(document.body, {
  subtree: true, childList: true, attributeFilter: ["hidden", "disabled", "open", "class"],
});

// A page that is asked for again begins where it was left, with what there is to say.
export function reload(sentence) {
  leave(sentence, location.pathname);
  location.reload();
}

// What there is to say is said on the page that comes.
export function leave(sentence, path) {
  const { own, kind, steps } = trail.findLast((one) => !one.layer) ?? {};
  sessionStorage.setItem(KEPT, JSON.stringify({ path, own, kind, steps, sentence }));
}

function begin() {
  const { path, own, kind, steps, sentence } = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
  sessionStorage.removeItem(KEPT);
  if (path !== location.pathname) return;
  if (steps) trail = [{ control: null, layer: null, own, kind, steps }];
  look();
  if (sentence) say(sentence);
}

addEventListener("load", begin, { once: true });
// What is searched for comes on the same page.
addEventListener("submit", ({ target, defaultPrevented }) => {
  if (!defaultPrevented && target.matches("[role=search], [data-weighing]")) leave("", location.pathname);
});
