// The cards: kept up to date by events, and acted on where they stand.
import "./frame.js";
import { ask, exchange, fragment } from "./api.js";
import { listen } from "./events.js";
import { hold, release } from "./holding.js";
import { leftRows } from "./left.js";
import { morph } from "./morph.js";
import { draw } from "./progress.js";
import { resumed } from "./resumed.js";
import { say } from "./toast.js";
import { gathered, inTurn } from "./turns.js";

const LOOK_EVERY = 1000;
const LOOK_SELDOM = 30_000;
const DONE = { pause: "Paused.", sync: "A sync is on its way.", discard: "Discarded." };
const error = document.querySelector("[data-error]");
const place = () => document.getElementById("connections");

let looking = null;

const renew = inTurn(async () => {
  const body = await fragment("/connections/cards");
  const bars = new Map([...document.querySelectorAll("[data-progress]")].map((one) => [one.id, one.cloneNode(true)]));
  for (const box of body.querySelectorAll("[data-progress]")) {
    if (bars.has(box.id)) box.replaceWith(bars.get(box.id));
  }
  morph(place(), body.querySelector("#connections"));
  morph(document.getElementById("removed"), body.querySelector("#removed"));
});
const soon = gathered(renew);

// How far running syncs are: often while there is one, seldom else.
const look = inTurn(async () => {
  clearTimeout(looking);
  let busy = false;
  try {
    const { sync } = await ask("GET", "/api/run-sheet/sync");
    for (const box of document.querySelectorAll("[data-progress]")) busy = draw(box, sync) || busy;
  } catch {
    busy = false;
  }
  looking = setTimeout(busy ? look : both, busy ? LOOK_EVERY : LOOK_SELDOM);
});

function both() {
  soon();
  look();
}

const DO = {
  sync: (card) => ask("POST", "/api/run-sheet/sync", { body: { connection_id: card.dataset.id } }),
  pause: (card) => exchange("POST", `/api/pms/connections/${card.dataset.id}/pause`, { body: {}, version: card.dataset.version }),
  resume: async (card) => resumed((await exchange("POST", `/api/pms/connections/${card.dataset.id}/resume`, { body: {}, version: card.dataset.version })).body),
  discard: (card) => exchange("DELETE", `/api/pms/connections/${card.dataset.id}`, { version: card.dataset.version }),
  test: tested,
};

async function tested(card) {
  const path = `/api/pms/connections/${card.dataset.id}`;
  let { check } = await ask("POST", `${path}/test`, { body: {} });
  while (check.state === "waiting") {
    await new Promise((then) => setTimeout(then, LOOK_EVERY));
    ({ check } = await ask("GET", `${path}/checks/${check.id}`));
  }
  if (check.state === "ok") return check.message || "Connection successful.";
  throw new Error(check.message);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("#connections [data-do]");
  if (!button) return;
  const card = button.closest("[data-id]");
  const label = button.textContent;
  error.hidden = true;
  hold(button);
  if (button.dataset.do === "test") button.textContent = "Asking…";
  try {
    const name = card.querySelector("h2").textContent;
    const told = await DO[button.dataset.do](card);
    say(`${name}: ${typeof told === "string" ? told : DONE[button.dataset.do]}`);
  } catch (refusal) {
    error.textContent = `${card.querySelector("h2").textContent}: ${refusal.message}`;
    error.hidden = false;
  } finally {
    release(button);
    button.textContent = label;
  }
  both();
});

leftRows(error, both);
listen(both);
look();
