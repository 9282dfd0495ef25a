// The day that is shown: asked for again when it changed, laid over what is there.
import { fragment } from "./api.js";
import { morph } from "./morph.js";
import { inTurn } from "./turns.js";

const after = new Set();

export const shown = () => document.getElementById("day");

export function whenRenewed(then) {
  after.add(then);
  then();
}

export const renew = inTurn(fetchDay);

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
