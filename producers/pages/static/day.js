// The day that is shown: asked for again when it changed, laid over what is there.
import { fragment } from "./api.js";
import { morph } from "./morph.js";

const after = new Set();
let running = null;
let next = null;

export const shown = () => document.getElementById("day");

export function whenRenewed(then) {
  after.add(then);
  then();
}

// What is on its way may have been read before the change that is asked for: then once more after it.
export function renew() {
  if (running) {
    next ??= running.catch(() => {}).then(() => {
      next = null;
      return renew();
    });
    return next;
  }
  running = fetchDay().finally(() => {
    running = null;
  });
  return running;
}

async function fetchDay() {
  if (!shown()) return;
  const body = await fragment(`/sheet?date=${shown().dataset.day}`);
  const versions = new Map(cards().map((card) => [card.id, card.dataset.version]));
  morph(shown(), body.querySelector("#day"));
  for (const card of cards()) {
    if (versions.get(card.id) !== card.dataset.version) flash(card);
  }
  for (const then of after) then();
}

const cards = () => [...document.querySelectorAll("#day .card")];

function flash(card) {
  card.classList.remove("fresh-change");
  void card.offsetWidth;
  card.classList.add("fresh-change");
}
