// Whom we tell of changes: added, tested, paused, given another secret; a message sent again.
import "./frame.js";
import { ask, exchange } from "./api.js";
import { busy, ready } from "./forms.js";
import { reload } from "./focus.js";
import { hold, release } from "./holding.js";
import { say } from "./toast.js";
import { sure } from "./sure.js";

const ENDPOINTS = "/api/webhook-endpoints";
const place = document.querySelector("[data-secret]");

const SAID = {
  test: "A test is on its way; reload the page to see how it went.",
  pause: "Nothing is sent there until you resume it.",
  resume: "It is told again, first of what changed meanwhile.",
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

// The page is not renewed while a secret stands on it: nobody could copy it after that.
function shown(secret, hint) {
  place.querySelector("[data-secret-text]").textContent = secret;
  place.querySelector("[data-secret-hint]").textContent = hint;
  place.querySelector("[data-copy-secret]").textContent = "Copy";
  place.hidden = false;
  place.scrollIntoView({ block: "nearest" });
  place.focus();
}

function renew(done) {
  if (place.hidden) reload(done);
  else say(`${done} Copy the secret, then reload the page.`);
}

const address = (button) => `${ENDPOINTS}/${button.closest("[data-endpoint]").dataset.endpoint}`;
const named = (button) => button.closest("[data-endpoint]").querySelector(".what").textContent.trim();

async function act(button) {
  const what = button.dataset.act;
  await ask("POST", `${address(button)}/${what}`);
  if (what === "test") say(SAID.test);
  else renew(SAID[what]);
}

async function rotate(button) {
  const isSure = await sure("Make another secret?", `Messages to ${named(button)} carry both signatures for 24 hours; after that only the new one.`, "Make it");
  if (!isSure) return;
  const { secret } = await asked(`${address(button)}/rotate`);
  shown(secret, "The one before holds for 24 hours more.");
}

async function remove(button) {
  const isSure = await sure("Remove the endpoint?", `Nothing is sent to ${named(button)} any more, and its secret is forgotten.`, "Remove");
  if (!isSure) return;
  await ask("DELETE", address(button));
  renew("The endpoint is removed.");
}

async function redeliver(button) {
  await ask("POST", `${ENDPOINTS}/messages/${button.closest("[data-message]").dataset.message}/redeliver`);
  say("It is sent once more, under the same id.");
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
  busy(form, form.querySelector("button"), async () => {
    const { secret } = await asked(ENDPOINTS, { url: form.elements.url.value.trim() });
    form.reset();
    shown(secret, "The endpoint is told of changes from now on; reload the page to see it.");
  });
});
ready();
