// The inbox: kept up to date while its newest page is shown; one delivery at a time done again.
import "./frame.js";
import { ask, fragment } from "./api.js";
import { showCounts } from "./counts.js";
import { listen } from "./events.js";
import { hold, release } from "./holding.js";
import { morph } from "./morph.js";
import { say } from "./toast.js";
import { sure } from "./sure.js";
import { gathered, inTurn } from "./turns.js";

const EVERY = 4000;
const KINDS = ["authorisation_changed", "sync_ended", "sheet_changed", "reload", "open"];
const place = () => document.getElementById("deliveries");

let looking = null;

// An older page stays as it is: what comes belongs on the first.
const renew = inTurn(async () => {
  clearTimeout(looking);
  if (!("live" in place().dataset)) return;
  try {
    const body = await fragment(`/deliveries/list${location.search}`);
    morph(place(), body.querySelector("#deliveries"));
    showCounts();
  } catch {
    // The next look tells whether the server is back.
  }
  looking = setTimeout(renew, EVERY);
});
const soon = gathered(renew);

async function replay(button) {
  const line = button.closest("[data-delivery]");
  const what = line.querySelector(".what").textContent.trim();
  const isSure = await sure("Do it once more?", `“${what}” is looked up again at its PMS, as if it had just come. What has not changed there changes nothing here.`, "Replay");
  if (!isSure) return;
  hold(button);
  try {
    const { job_id: job } = await ask("POST", `/api/deliveries/${line.dataset.delivery}/replay`);
    say(`Job ${job} looks it up again.`);
  } catch (refusal) {
    say(refusal.message);
  } finally {
    release(button);
    soon();
  }
}

const TOLD = ["Tell the caller", "They know now", "Noted: they know now."];
const CALLED = ["Call them back", "They were called", "Noted: they were called."];

// A name and a number are shown to whoever is about to call, and that is written down.
async function tell(button) {
  const { untold: which } = button.closest("[data-untold]").dataset;
  const what = button.closest("[data-untold]").querySelector("[data-what]").textContent.trim();
  hold(button);
  try {
    const { writes, unreached } = await ask("GET", "/api/pms/writes/untold");
    const called = unreached.find((one) => one.id === which);
    const { phone, patientName } = called ?? writes.find((one) => one.id === which) ?? {};
    const about = patientName ? ` about ${patientName}` : "";
    const whom = phone ? `Call ${phone}${about}.` : `No number is known${about}; look in the practice's own records.`;
    const [title, yes, noted] = called ? CALLED : TOLD;
    if (await sure(title, `${whom} ${what}`, yes)) {
      await ask("POST", `/api/pms/writes/${which}/told`);
      say(noted);
    }
  } catch (refusal) {
    say(refusal.message);
  } finally {
    release(button);
    soon();
  }
}

const DOES = { "[data-replay]": replay, "[data-tell]": tell };

document.addEventListener("click", (event) => {
  for (const [name, act] of Object.entries(DOES)) {
    const button = event.target.closest?.(name);
    if (button) act(button);
  }
});

listen((kind) => KINDS.includes(kind) && soon());
looking = setTimeout(renew, EVERY);
