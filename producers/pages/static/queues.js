// The queues: renewed calmly while somebody looks; jobs changed after a count and a question.
import "./frame.js";
import { ask, fragment } from "./api.js";
import { confirmed, doAll, doOne, isAsking } from "./deed.js";
import { hold, release } from "./holding.js";
import { actsBy } from "./keys.js";
import { morph } from "./morph.js";
import { say } from "./toast.js";
import { inTurn } from "./turns.js";

const EVERY = 5000;
const FORESEE_EVERY = 20_000;
const place = () => document.getElementById("queues");
const foreseen = () => document.getElementById("foreseen");

let looking = null;
let foresaw = 0;

// Not while a question is open, a field is being filled in, an older page is read, or nobody looks.
const isCalm = () => (
  "live" in place().dataset && !document.hidden && !isAsking() && !place().querySelector("form:not(#search) :focus")
);

const renew = inTurn(async () => {
  clearTimeout(looking);
  try {
    if (isCalm()) {
      const body = await fragment(`/queues/board${location.search}`);
      const fresh = body.querySelector("#queues");
      fresh.querySelector("#foreseen").replaceWith(foreseen().cloneNode(true));
      const search = document.getElementById("search");
      if (search) fresh.querySelector("#search").replaceWith(search.cloneNode(true));
      if (isCalm()) morph(place(), fresh);
    }
    if (!document.hidden && Date.now() - foresaw > FORESEE_EVERY) await foresee();
  } catch {
    // The next look tells whether the server is back.
  }
  looking = setTimeout(renew, EVERY);
});

async function foresee() {
  foresaw = Date.now();
  const body = await fragment("/queues/estimates");
  morph(foreseen(), body.querySelector("#foreseen"));
}

async function pause(button) {
  const { queue } = button.closest("[data-queue]").dataset;
  const reason = await confirmed({
    title: `Pause the ${queue} queue?`,
    text: "Nothing more of this account is handed out from it. What was handed out is still carried.",
    verb: "Pause",
    needsReason: true,
  });
  if (reason === null) return null;
  await ask("POST", `/api/queues/${queue}/pause`, { body: { reason } });
  return `The ${queue} queue is paused.`;
}

async function resume(button) {
  const { queue } = button.closest("[data-queue]").dataset;
  await ask("POST", `/api/queues/${queue}/resume`);
  return `The ${queue} queue goes on.`;
}

const DOES = {
  "[data-pause]": pause,
  "[data-resume]": resume,
  "[data-all]": (button) => doAll(button.dataset.all, JSON.parse(button.closest("[data-matching]").dataset.matching)),
  "[data-act]": (button) => doOne(button.dataset.act, button.closest("[data-job]").dataset),
};

async function act(button, does) {
  hold(button);
  try {
    const sentence = await does(button);
    if (sentence) say(sentence);
  } catch (refusal) {
    say(refusal.message);
  } finally {
    release(button);
    renew();
  }
}

document.addEventListener("click", (event) => {
  for (const [name, does] of Object.entries(DOES)) {
    const button = event.target.closest?.(name);
    if (button) act(button, does);
  }
});
// As in every list of this kind: the slash leads to the search.
document.addEventListener("keydown", (event) => {
  if (actsBy(event) !== "/" || isAsking() || event.target.closest?.("input, select, textarea")) return;
  event.preventDefault();
  document.querySelector("#search [name=q]").focus();
});
document.addEventListener("visibilitychange", () => document.hidden || renew());
renew();
