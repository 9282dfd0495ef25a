// The way to Sikka's marketplace, followed live; then what callers may do at the practice.
import "./frame.js";
import { ask, fragment } from "./api.js";
import { check } from "./checking.js";
import { listen } from "./events.js";
import { busy, complete, fail, ready } from "./forms.js";
import { hold, release } from "./holding.js";
import { morph } from "./morph.js";
import { say } from "./toast.js";
import { gathered, inTurn } from "./turns.js";
import { change, id } from "./versioned.js";

const OFTEN = 3000;
const SELDOM = 20_000;
const HEARD = ["authorisation_changed", "reload", "open"];
const place = document.querySelector("[data-sikka]");
const API = "/api/pms/sikka/authorisations";

const STEPS = { connect, rules };
STEPS[place.dataset.step]?.();
ready();

function connect() {
  const standing = () => document.getElementById("standing");
  const waiting = document.querySelector("[data-waiting]");
  let looking = null;

  const renew = inTurn(async () => {
    clearTimeout(looking);
    try {
      const body = await fragment("/setup/sikka/standing");
      const before = connected();
      morph(standing(), body.querySelector("#standing"));
      if (connected() > before && waiting) waiting.hidden = true;
    } catch {
      // The next look tells whether the server is back.
    }
    const isOpen = "busy" in standing().dataset || (waiting && !waiting.hidden);
    looking = setTimeout(renew, isOpen ? OFTEN : SELDOM);
  });
  const soon = gathered(renew);

  const connected = () => standing().querySelectorAll("[data-state=connected]").length;

  document.querySelector("[data-authorise]")?.addEventListener("click", () => {
    waiting.hidden = false;
    soon();
  });
  named();
  code();
  place.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (button) decide(button, soon);
  });
  listen((kind) => HEARD.includes(kind) && soon());
}

function named() {
  const form = document.querySelector("[data-named]");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!complete(form)) return;
    const button = form.querySelector("button");
    button.dataset.busy = "Looking…";
    busy(form, button, async () => {
      const body = await fragment(`/setup/sikka/named?typed=${encodeURIComponent(form.elements.typed.value)}`);
      document.getElementById("named").replaceWith(body.querySelector("#named"));
      document.querySelector("#named h2").focus();
    });
  });
}

function code() {
  const form = document.querySelector("[data-code]");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(form, form.querySelector("[data-make]"), async () => {
      const made = await ask("POST", `${API}/codes`);
      const shown = form.querySelector("[data-shown]");
      shown.textContent = made.code;
      shown.hidden = false;
      const until = form.querySelector("[data-until]");
      until.textContent = `Good for one office until ${new Date(made.expires_at).toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" })}; it is not shown again.`;
      until.hidden = false;
    });
  });
}

// What waits is somebody's who can name it; the account's own need no name.
async function decide(button, soon) {
  const office = button.closest("[data-office]");
  const isNamed = office.id === "named";
  const typed = document.getElementById("typed")?.value;
  hold(button);
  try {
    await ask("POST", `${API}/${office.dataset.office}/${button.dataset.do}`, { body: isNamed ? { named: typed } : {} });
    say(button.dataset.do === "claim" ? "Sikka is being asked." : "It is not connected.");
    if (isNamed) {
      office.replaceChildren();
      office.className = "";
    }
  } catch (refusal) {
    say(refusal.message);
  } finally {
    release(button);
    soon();
  }
}

function rules() {
  const form = document.querySelector("[data-rules]");
  const test = form.querySelector("[data-test]");
  test.addEventListener("click", () => busy(form, test, () => tested(form)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!complete(form)) return;
    const features = chosen(form, "[data-feature]", (one) => one.checked);
    const booking_rules = chosen(form, "[data-rule]", (one) => Number(one.value));
    if (features.online_booking && !features.appointments) {
      fail(form, "Booking needs appointments: switch them on too.");
      return;
    }
    busy(form, form.querySelector("[type=submit]"), async () => {
      await change("PATCH", "", { features, booking_rules });
      location.assign(`/setup/sikka?connection=${id()}&ready=true`);
    });
  });
}

async function tested(form) {
  const line = form.querySelector("[data-test-said]");
  line.className = "";
  line.textContent = "";
  const answer = await check("/test");
  line.textContent = answer.message || "Connection successful.";
  line.className = answer.state === "ok" ? "good" : "bad";
}

// What was said of an answer goes once the answer is another one.
document.addEventListener("input", (event) => {
  const error = event.target.form?.querySelector("[data-error]");
  if (error) error.hidden = true;
  event.target.removeAttribute("aria-invalid");
});

const chosen = (form, which, value) => Object.fromEntries([...form.querySelectorAll(which)].map((one) => [one.name, value(one)]));
