// A practice at AdvancedMD: kept up to date, synced by hand either way, with what came of it.
import { ask, fragment } from "./api.js";
import { listen } from "./events.js";
import "./frame.js";
import { hold, release } from "./holding.js";
import "./linking.js";
import { morph } from "./morph.js";
import { DEEDS, patientSynced, sent, takenBack } from "./pushing.js";
import { gathered, inTurn } from "./turns.js";

const OFTEN = 1000;
const SELDOM = 15_000;
const board = () => document.getElementById("two-way");

let looking = null;
let told = { sentence: "", isBad: false };
let doing = null;

const renew = inTurn(async () => {
  clearTimeout(looking);
  try {
    const body = await fragment(`/advancedmd/board${location.search}`);
    const fresh = body.querySelector("#two-way");
    lay(fresh);
    morph(board(), fresh);
  } catch {
    // The next look tells whether the server is back.
  }
  looking = setTimeout(renew, doing || "busy" in board().dataset ? OFTEN : SELDOM);
});
const soon = gathered(renew);

// What was said stays said, and what goes on stays off, while everything around it is renewed.
function lay(within) {
  const line = within.querySelector("[data-said]");
  if (!line) return;
  line.textContent = told.sentence;
  line.classList.toggle("bad", told.isBad);
  for (const button of within.querySelectorAll("[data-deed]")) {
    if (doing) button.setAttribute("aria-disabled", "true");
  }
}

function say(sentence, isBad = false) {
  told = { sentence, isBad };
  lay(board());
}

async function deed(name) {
  doing = name;
  say("Under way…");
  lay(board());
  try {
    say(await DEEDS[name](board().dataset, say));
  } catch (refusal) {
    say(refusal.message, true);
  } finally {
    doing = null;
    await renew();
  }
}

// One row, or one person.
async function one(button, work) {
  hold(button);
  try {
    say(await work());
  } catch (refusal) {
    say(refusal.message, true);
  } finally {
    release(button);
    soon();
  }
}

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest?.(selector);
  if (at("[data-deed]")) deed(at("[data-deed]").dataset.deed);
  const push = at("[data-push]");
  const back = at("[data-take-back]");
  const look = at("[data-sync-patient]");
  if (push) one(push, () => sent(push.closest("[data-entry]").dataset, push.dataset.push, say));
  if (back) one(back, () => takenBack(back.closest("[data-entry]").dataset, back.dataset.takeBack));
  if (look) one(look, () => patientSynced(look.dataset.syncPatient, say));
});

addEventListener("linked", soon);
listen(soon);
renew();
