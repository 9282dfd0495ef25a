// The wizard: each step saves through the API and goes on to the next.
import "./frame.js";
import { exchange } from "./api.js";
import { check } from "./checking.js";
import { listen } from "./events.js";
import { reload } from "./focus.js";
import { busy, complete, draft, fail, ready, settingsOf, values } from "./forms.js";
import { frequency } from "./frequency.js";
import { kinds } from "./kinds.js";
import { mapping } from "./mapping.js";
import { followed, hurry, sentence, share } from "./progress.js";
import { at, change, id, order } from "./versioned.js";

const wizard = document.querySelector("[data-wizard]");
const name = (what) => `setup:${wizard.dataset.connection || wizard.dataset.vendor}:${what}`;
const onwards = () => location.assign(`/setup?connection=${id()}`);
const GONE = 404;
const reached = (step) => change("PATCH", "", { setup_step: step });

const PARTS = { choose, connect, practitioners, types, summary };
PARTS[wizard.dataset.step]();
ready();

function choose() {
  const box = document.querySelector(".unfinished");
  box?.addEventListener("click", (event) => {
    const button = event.target.closest("[data-discard]");
    if (!button) return;
    busy(box, button, async () => {
      await exchange("DELETE", `/api/pms/connections/${button.dataset.discard}`, { version: button.dataset.version });
      reload("The setup is discarded.");
    });
  });
}

function connect() {
  const form = document.querySelector("[data-connect]");
  const again = "again" in form.dataset;
  guessZone(form);
  const kept = again ? { forget() {} } : draft(form, name("connect"));
  let stored = again ? null : fingerprint(form);
  elsewhere(form, () => kept.forget());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    tidyCode(form);
    const way = again ? "credentials" : wayOf(form, stored);
    for (const field of secrets(form)) field.required = way === "new";
    if (!complete(form)) return;
    if (again && !secrets(form).some((field) => field.value)) {
      fail(form, "Enter the new credentials, or continue with those we have.");
      return;
    }
    const button = event.submitter ?? form.querySelector("[type=submit]");
    busy(form, button, async () => {
      if (way === "new") await begin(form);
      const answer = await asked(form, way);
      if (answer.state === "ok") {
        kept.forget();
        onwards();
        return;
      }
      refused(form, answer.message);
      stored = fingerprint(form);
    });
  });
}

// On the vendor's own page: the credentials are entered there, everything else here.
function elsewhere(form, begun) {
  form.querySelector("[data-elsewhere]")?.addEventListener("click", (event) => {
    for (const field of secrets(form)) field.required = false;
    if (!complete(form)) return;
    busy(form, event.currentTarget, async () => {
      if (!wizard.dataset.connection) await begin(form);
      begun();
      location.assign(`/setup/oauth/start?connection=${id()}`);
    });
  });
}

// A refused attempt leaves nothing worth keeping: changed answers begin anew.
async function begin(form) {
  const { site, name: called, timezone, base_url, token_url } = values(form);
  const body = {
    vendor: wizard.dataset.vendor,
    ...given({ site, name: called, timezone, base_url, token_url }),
    secrets: given(values(form, "secrets")),
    settings: given(settingsOf(form)),
  };
  if (wizard.dataset.connection) await discard();
  const { body: made } = await exchange("POST", "/api/pms/connections", { body, key: keyOf(body) });
  sent = { text: null, key: null };
  wizard.dataset.connection = made.connection.id;
  wizard.dataset.version = made.connection.version;
  // A reload now finds the connection that was begun.
  history.replaceState(null, "", `/setup?connection=${made.connection.id}`);
}

// What was begun is gone from here on, whatever becomes of what is begun in its place.
async function discard() {
  try {
    await exchange("DELETE", at(), { version: wizard.dataset.version });
  } catch (refusal) {
    if (refusal.status !== GONE) throw refusal;
  }
  wizard.dataset.connection = wizard.dataset.version = "";
  history.replaceState(null, "", `/setup?vendor=${wizard.dataset.vendor}`);
}

let sent = { text: null, key: null };

// Asked again after an answer that was lost, it is the same connection.
function keyOf(body) {
  const text = JSON.stringify(body);
  if (text !== sent.text) sent = { text, key: crypto.randomUUID() };
  return sent.key;
}

// Credentials typed again are tried, though they be the same: somebody may have unlocked the account.
function wayOf(form, stored) {
  const now = fingerprint(form);
  if (!wizard.dataset.connection || now.answers !== stored.answers) return "new";
  if (now.secrets === stored.secrets) return "same";
  return form.querySelector("[name=code]") ? "new" : "credentials";
}

function asked(form, way) {
  const code = form.querySelector("[name=code]")?.value;
  if (way === "credentials") return check("/credentials", { secrets: given(values(form, "secrets")) });
  return code ? check("/pair", { code }) : check("/test", {});
}

// What was typed stays but for secrets, which are kept out of sight: empty ones are used as they were,
// unless something else is changed, which begins anew.
function refused(form, message) {
  for (const field of form.querySelectorAll("[data-secret]")) field.value = "";
  for (const field of secrets(form)) if (!field.value) field.placeholder = "Type it again; empty is the one from before";
  const first = form.querySelector("[data-secret], [name=site]");
  first?.setAttribute("aria-invalid", "true");
  first?.focus();
  fail(form, message);
}

const secrets = (form) => [...form.querySelectorAll("[data-group=secrets]")];
const given = (all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== "" && value !== null));

// Everything but the code, which is another one each time.
function fingerprint(form) {
  const fields = [...form.elements].filter((one) => one.name && one.name !== "code");
  const told = (wanted) => JSON.stringify(fields.filter(wanted).map((one) => [one.name, one.value.trim()]));
  const isSecret = (one) => one.dataset.group === "secrets";
  return { answers: told((one) => !isSecret(one)), secrets: told(isSecret) };
}

function tidyCode(form) {
  const field = form.querySelector("[name=code]");
  if (!field) return;
  field.value = field.value.replace(/[\s\-\u2010-\u2015\u2212]/g, "").toUpperCase();
  const right = !field.value || new RegExp(`^(?:${field.dataset.codePattern})$`).test(field.value);
  field.setCustomValidity(right ? "" : field.dataset.codeLooks);
}

function guessZone(form) {
  const field = form.querySelector("[data-guess-zone]");
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (field && !field.value && here !== "UTC") field.value = here;
}

function practitioners() {
  const form = document.querySelector("[data-practitioners]");
  const kept = draft(form, name("practitioners"));
  const table = mapping(form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const nameless = table.unnamed();
    if (nameless) {
      fail(form, `Give ${nameless.dataset.name || `the practitioner with id ${nameless.dataset.practitioner}`} a name, or don't sync them.`);
      nameless.querySelector("[data-column]").focus();
      return;
    }
    busy(form, event.submitter ?? form.querySelector("[type=submit]"), async () => {
      const mappings = table.choices();
      if (mappings.length) await change("POST", "/practitioners", { mappings });
      await change("PATCH", "", { settings: { map_all: form.elements.map_all.checked || null } });
      await reached("types");
      kept.forget();
      onwards();
    });
  });
}

function types() {
  const form = document.querySelector("[data-types-form]");
  const kept = draft(form, name("types"));
  const table = kinds(form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const all = form.elements.all_appointments.checked;
    if (!all && form.querySelector("[data-types]") && !table.marked()) {
      fail(form, "With no type marked, nothing would be synced. Mark at least one, or sync all appointments.");
      return;
    }
    busy(form, event.submitter ?? form.querySelector("[type=submit]"), async () => {
      const chosen = table.choices();
      if (chosen.length) await change("PATCH", "/appointment-types", { types: chosen });
      await change("PATCH", "", { telehealth_only: !all, setup_step: "summary" });
      kept.forget();
      onwards();
    });
  });
}

function summary() {
  const form = document.querySelector("[data-start]");
  const kept = draft(form, name("summary"));
  const often = frequency(form);
  const test = form.querySelector("[data-test]");
  test.addEventListener("click", () => busy(form, test, () => tested(form)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!complete(form)) return;
    busy(form, event.submitter ?? form.querySelector("[type=submit]"), async () => {
      await change("PATCH", "", often.wanted());
      const body = await order("/start");
      kept.forget();
      await watch(body.job_id);
    });
  });
}

async function tested(form) {
  const line = form.querySelector("[data-test-said]");
  line.className = "";
  line.textContent = "";
  const answer = await check("/test", {});
  line.textContent = answer.message || "Connection successful.";
  line.className = answer.state === "ok" ? "good" : "bad";
}

async function watch(jobId) {
  const box = document.querySelector("[data-first-sync]");
  document.querySelector("[data-start]").hidden = true;
  for (const link of document.querySelectorAll(".steps a")) link.removeAttribute("href");
  box.hidden = false;
  document.querySelector("[data-summary] h1").textContent = box.dataset.of;
  box.querySelector("h2").focus();
  listen(hurry);
  const run = await followed(jobId, (now) => show(box, now));
  finished(box, run);
}

function show(box, now) {
  const bar = box.querySelector("progress");
  if (share(now.run)) bar.value = share(now.run);
  box.querySelector("[data-first-said]").textContent = sentence(now);
  if (now.run) counts(box, now.run.counts);
}

function counts(box, found) {
  const shown = { ...found, left: found.skipped ?? 0 };
  box.querySelector("[data-first-counts]").hidden = false;
  for (const place of box.querySelectorAll("[data-count-of]")) place.textContent = shown[place.dataset.countOf] ?? 0;
}

function finished(box, run) {
  const good = run?.status === "success";
  const title = box.querySelector("[data-first-title]");
  title.textContent = good ? "Everything is on the run sheet" : "The first sync did not finish";
  box.classList.add(good ? "good" : "bad");
  box.querySelector("progress").value = 1;
  box.querySelector("progress").hidden = true;
  const count = run?.counts.created ?? 0;
  box.querySelector("[data-first-said]").textContent = good
    ? `${count} ${count === 1 ? "appointment" : "appointments"} of today are on the sheet. It stays up to date by itself.`
    : `${run?.error_message ?? "It was called off."} It is retried by itself; the connection's page says how that goes.`;
  box.querySelector("[data-first-done]").hidden = false;
  title.focus();
}
