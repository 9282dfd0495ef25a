// Whom we tell of changes: added, tested, paused, given another secret; a message sent again.
import "./frame.js";
import { ask, exchange, fragment } from "./api.js";
import { busy, complete, ready } from "./forms.js";
import { hold, release } from "./holding.js";
import { morph } from "./morph.js";
import { say } from "./toast.js";
import { sure } from "./sure.js";
import { inTurn } from "./turns.js";

const EVERY = 5000;
const ENDPOINTS = "/api/webhook-endpoints";
const place = document.querySelector("[data-secret]");

const SAID = {
  test: "A test is on its way; how it goes is among the messages.",
  pause: "Nothing is sent there until you resume it.",
  resume: "It is told again, starting with what changed meanwhile.",
};

// Sent again after an answer that was lost, it is the same secret.
const keys = new Map();

async function asked(path, body) {
  const what = JSON.stringify([path, body]);
  if (!keys.has(what)) keys.set(what, crypto.randomUUID());
  const answer = await exchange("POST", path, { body, key: keys.get(what) });
  keys.delete(what);
  return answer.body;
}

// Lists alone are renewed: the secret, and what is typed, stand outside them.
let looking = null;
const renew = inTurn(async () => {
  clearTimeout(looking);
  try {
    if (!document.hidden) await look();
  } catch {
    // The next look tells whether the server is back.
  }
  looking = setTimeout(renew, EVERY);
});

async function look() {
  const body = await fragment(`/outgoing/lists${location.search}`);
  for (const name of ["endpoints", "messages"]) morph(document.getElementById(name), body.querySelector(`#${name}`));
}

let whose = null;

function shown(endpoint, secret, hint) {
  whose = endpoint;
  place.querySelector("[data-secret-text]").textContent = secret;
  place.querySelector("[data-secret-hint]").textContent = hint;
  place.querySelector("[data-copy-secret]").textContent = "Copy";
  place.hidden = false;
  place.scrollIntoView({ block: "nearest" });
  place.focus();
}

const idOf = (button) => button.closest("[data-endpoint]").dataset.endpoint;
const address = (button) => `${ENDPOINTS}/${idOf(button)}`;
const named = (button) => button.closest("[data-endpoint]").querySelector(".what").textContent.trim();

async function act(button) {
  const what = button.dataset.act;
  await ask("POST", `${address(button)}/${what}`);
  say(SAID[what]);
  await renew();
}

async function rotate(button) {
  const isSure = await sure("Make another secret?", `Messages to ${named(button)} carry both signatures for 24 hours; after that only the new one.`, "Make it");
  if (!isSure) return;
  const { secret } = await asked(`${address(button)}/rotate`);
  shown(idOf(button), secret, "The one before holds for 24 hours more.");
}

async function remove(button) {
  const isSure = await sure("Remove the endpoint?", `Nothing is sent to ${named(button)} any more, and its secret is forgotten.`, "Remove");
  if (!isSure) return;
  const endpoint = idOf(button);
  await ask("DELETE", address(button));
  if (whose === endpoint) place.hidden = true;
  say("The endpoint is removed.");
  await renew();
}

async function redeliver(button) {
  await ask("POST", `${ENDPOINTS}/messages/${button.closest("[data-message]").dataset.message}/redeliver`);
  say("It is sent once more, under the same id.");
  await renew();
}

async function copy(button) {
  await navigator.clipboard.writeText(place.querySelector("[data-secret-text]").textContent);
  button.textContent = "Copied";
}

const DOES = { "[data-act]": act, "[data-rotate]": rotate, "[data-remove]": remove, "[data-redeliver]": redeliver, "[data-copy-secret]": copy };

document.addEventListener("click", async (event) => {
  for (const [name, does] of Object.entries(DOES)) {
    const button = event.target.closest?.(name);
    if (!button) continue;
    hold(button);
    try {
      await does(button);
    } catch (refusal) {
      say(refusal.message);
    } finally {
      release(button);
    }
  }
});

const form = document.querySelector("[data-add-endpoint]");
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!complete(form)) return;
  busy(form, form.querySelector("button"), async () => {
    const { id, secret } = await asked(ENDPOINTS, { url: form.elements.url.value });
    form.reset();
    shown(id, secret, "The endpoint is told of changes from now on.");
    await renew();
  });
});
ready();
document.addEventListener("visibilitychange", () => document.hidden || renew());
looking = setTimeout(renew, EVERY);
