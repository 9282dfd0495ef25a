// One connection's settings: each section saves by itself, on the version that was read.
import "./frame.js";
import { ask, exchange, fragment } from "./api.js";
import { check } from "./checking.js";
import { listen } from "./events.js";
import { leave } from "./focus.js";
import { busy, complete, draft, fail, ready, said, settingsOf, values } from "./forms.js";
import { frequency } from "./frequency.js";
import { hold, release } from "./holding.js";
import { hours } from "./hours.js";
import { kinds } from "./kinds.js";
import { mapping } from "./mapping.js";
import { morph } from "./morph.js";
import { draw } from "./progress.js";
import { resumed } from "./resumed.js";
import { shut } from "./shut.js";
import { say } from "./toast.js";
import { inTurn } from "./turns.js";
import { at, change, id } from "./versioned.js";
import { webhooks } from "./webhooks.js";

const LOOK_EVERY = 1000;
const LOOK_SELDOM = 30_000;
const form = (name) => document.querySelector(`[data-form="${name}"]`);
const standing = () => document.getElementById("standing");

let looking = null;
// What is being removed is not asked for, nor removed while a question about it is on its way.
let isGoing = false;

const renew = inTurn(async () => {
  const body = await fragment(`/connections/${id()}/standing`);
  const bar = body.querySelector("[data-progress]");
  bar.replaceWith(standing().querySelector("[data-progress]").cloneNode(true));
  morph(standing(), body.querySelector("#standing"));
});

const look = inTurn(async () => {
  clearTimeout(looking);
  if (isGoing) return;
  let isBusy = false;
  try {
    const { sync } = await ask("GET", "/api/run-sheet/sync");
    isBusy = draw(standing().querySelector("[data-progress]"), sync);
    if (!isBusy && !isGoing) await renew();
  } catch {
    isBusy = false;
  }
  looking = setTimeout(look, isBusy ? LOOK_EVERY : LOOK_SELDOM);
});

// A section that is saved with one request.
function saves(name, body, { path = "", method = "PATCH", ready = () => true, onto } = {}) {
  const found = form(name);
  if (!found) return;
  const kept = draft(found, `${id()}:${name}`);
  const part = onto?.(found);
  if (part?.lay) kept.hold(part);
  found.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!complete(found) || !ready(found, part)) return;
    busy(found, event.submitter ?? found.querySelector("[type=submit]"), async () => {
      await change(method, path, body(found, part));
      kept.forget();
      said(found, "Saved.");
      look();
    });
  });
}

const numbers = (found, names) => Object.fromEntries(names.filter((one) => found.elements[one]).map((one) => [one, Number(found.elements[one].value)]));

saves("general", (found, often) => ({
  name: found.elements.name.value.trim(),
  timezone: found.elements.timezone.value.trim(),
  telehealth_only: !found.elements.all_appointments.checked,
  adaptive: found.elements.adaptive.checked,
  ...numbers(found, ["days_ahead", "full_every_minutes", "quiet_minutes"]),
  ...often.wanted(),
}), { onto: frequency });
saves("both-ways", (found) => ({
  features: { auto_push: found.elements.auto_push.checked, auto_create: found.elements.auto_create.checked },
}));
saves("hours", (found, week) => ({ opening_hours: week.wanted() }), { onto: hours });
saves("shut", (found, days) => ({ settings: { closed_on: days.wanted().join(",") || null } }), { onto: shut });
saves("data", (found) => {
  const off = [...found.querySelectorAll("[data-keep]:not(:checked)")].map((one) => one.dataset.keep);
  return { settings: { leave_out: off.join(",") || null } };
});
saves("types", (found, table) => ({ types: table.choices() }), { path: "/appointment-types", onto: kinds });
saves("vendor", (found) => ({ settings: settingsOf(found) }));

function practitioners() {
  const found = form("practitioners");
  const kept = draft(found, `${id()}:practitioners`);
  const table = mapping(found);
  found.addEventListener("submit", (event) => {
    event.preventDefault();
    const nameless = table.unnamed();
    if (nameless) {
      fail(found, "Give this practitioner a name, or don't sync them.");
      nameless.querySelector("[data-column]").focus();
      return;
    }
    busy(found, event.submitter ?? found.querySelector("[type=submit]"), async () => {
      const mappings = table.choices();
      if (mappings.length) await change("POST", "/practitioners", { mappings });
      await change("PATCH", "", { settings: { map_all: found.elements.map_all.checked || null } });
      kept.forget();
      said(found, "Saved. The next sync brings it onto the sheet.");
      look();
    });
  });
}

function signIn() {
  form("test")?.addEventListener("submit", (event) => {
    event.preventDefault();
    const found = form("test");
    const line = found.querySelector("[data-test-said]");
    line.textContent = "";
    busy(found, event.submitter, async () => {
      const answer = await check("/test");
      line.className = answer.state === "ok" ? "good" : "bad";
      line.textContent = answer.message || "Connection successful.";
      look();
    });
  });
  again("pair", (found) => check("/pair", { code: found.elements.code.value.replace(/[\s-]/g, "") }));
  again("credentials", (found) => check("/credentials", { secrets: typed(found) }));
  if (location.hash === "#sign-in") document.querySelector("[data-again]")?.setAttribute("open", "");
}

// What is left empty stays as it is.
const typed = (found) => Object.fromEntries(Object.entries(values(found, "secrets")).filter(([, value]) => value));

function again(name, asking) {
  const found = form(name);
  found?.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!complete(found)) return;
    busy(found, event.submitter ?? found.querySelector("[type=submit]"), async () => {
      const answer = await asking(found);
      for (const field of found.querySelectorAll("[data-secret]")) field.value = "";
      if (answer.state !== "ok") {
        fail(found, answer.message);
        found.querySelector("[data-secret]").focus();
        return;
      }
      said(found, "Signed in again. A sync is on its way; nothing you mapped has changed.");
      look();
    });
  });
}

function removing() {
  const found = form("remove");
  const sure = found?.querySelector("[data-sure]");
  found?.querySelector("[data-ask-remove]").addEventListener("click", () => sure.showModal());
  found?.querySelector("[data-keep]").addEventListener("click", () => sure.close());
  found?.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(found, event.submitter, async () => {
      isGoing = true;
      await look();
      try {
        const rows = found.elements.rows?.value ?? "keep";
        await exchange("DELETE", at(`?rows=${rows}`), { version: document.querySelector("[data-version]").dataset.version });
      } catch (refusal) {
        isGoing = false;
        look();
        throw refusal;
      } finally {
        sure.close();
      }
      leave(`${document.querySelector("[data-name]").textContent} is removed.`, "/connections");
      location.assign("/connections");
    });
  });
}

const DO = {
  sync: () => ask("POST", "/api/run-sheet/sync", { body: { connection_id: id() } }),
  pause: () => change("POST", "/pause", {}),
  resume: async () => resumed(await change("POST", "/resume", {})),
};
const DONE = { sync: "A sync is on its way.", pause: "Paused." };

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("#standing [data-do]");
  if (!button) return;
  const error = standing().querySelector("[data-error]");
  error.hidden = true;
  hold(button);
  try {
    const told = await DO[button.dataset.do]();
    say(DONE[button.dataset.do] ?? told);
  } catch (refusal) {
    error.textContent = refusal.message;
    error.hidden = false;
  } finally {
    release(button);
  }
  look();
});

if (document.querySelector("[data-form] [type=submit]")) practitioners();
signIn();
removing();
webhooks(form("webhooks"));
ready();
listen(look);
look();
