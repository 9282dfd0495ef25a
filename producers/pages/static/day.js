// The day that is shown: asked for again when it changed, laid over what is there.
import { fragment } from "./api.js";
import { morph } from "./morph.js";
import { rests } from "./standing.js";
import { inTurn } from "./turns.js";

const TOO_MUCH = 429;
const A_MINUTE = 60;

const after = new Set();

export const shown = () => document.getElementById("day");

export function whenRenewed(then) {
  after.add(then);
  then();
}

let restsUntil = 0;

// Where as much was read as one may, it is not asked for again before that is over: then by itself.
export const renew = inTurn(async () => {
  if (!shown() || Date.now() < restsUntil) return;
  try {
    await fetchDay();
    rests(null);
  } catch (refusal) {
    if (refusal.status !== TOO_MUCH) throw refusal;
    rest(refusal.seconds || A_MINUTE);
  }
});

function rest(seconds) {
  // By the clock: a timer stands still while a computer sleeps.
  restsUntil = Date.now() + seconds * 1000;
  rests(restsUntil);
  setTimeout(() => {
    restsUntil = 0;
    renew().catch(() => {});
  }, seconds * 1000);
}

async function fetchDay() {
  const { day, columns = "" } = shown().dataset;
  const body = await fragment(`/sheet?date=${day}${columns}`);
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
