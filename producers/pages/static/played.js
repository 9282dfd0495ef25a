// A call played against ourselves while developing; what was said is shown line by line.
import { ask } from "./api.js";
import { hold, release } from "./holding.js";

const form = document.querySelector("[data-play-call]");
const dialogue = document.querySelector("[data-dialogue]");

function shown(turn) {
  const line = document.createElement("li");
  const who = document.createElement("strong");
  line.dataset.who = turn.who;
  who.textContent = turn.who === "caller" ? "Caller" : "Assistant";
  line.append(who, ` ${turn.text}`);
  return line;
}

async function play(event) {
  event.preventDefault();
  const problem = form.querySelector("[data-play-problem]");
  const button = form.querySelector("button");
  const given = [...new FormData(form)].filter(([, value]) => value);
  problem.hidden = true;
  hold(button);
  dialogue.replaceChildren();
  try {
    const { call } = await ask("POST", "/api/vapi/simulated-calls", { body: Object.fromEntries(given) });
    dialogue.replaceChildren(...call.turns.map(shown));
  } catch (refusal) {
    problem.textContent = refusal.message;
    problem.hidden = false;
  } finally {
    release(button);
  }
}

form?.addEventListener("submit", play);
