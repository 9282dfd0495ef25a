// The audit: nothing here renews itself, for each look is an access. Findings are acknowledged, agreements recorded.
import "./frame.js";
import { ask, fragment } from "./api.js";
import { showCounts } from "./counts.js";
import { trim } from "./forms.js";
import { hold, release } from "./holding.js";
import { morph } from "./morph.js";
import { say } from "./toast.js";
import { inTurn } from "./turns.js";

async function settle(form) {
  await ask("POST", `/api/audit/findings/${form.dataset.finding}/acknowledge`, { body: { note: form.elements.note.value } });
  return "Noted as looked at.";
}

async function agree(form) {
  const told = Object.fromEntries(new FormData(form));
  await ask("POST", "/api/agreements", { body: { ...told, ends_on: told.ends_on || null } });
  form.reset();
  return "The agreement is recorded.";
}

// Only what the deed has changed; what is typed elsewhere, and the accesses that were asked for, stay.
const renew = inTurn(async () => {
  const body = await fragment(`/audit/standing${location.search}`);
  showCounts(body);
  for (const name of ["findings", "agreements"]) {
    const fresh = body.querySelector(`#${name}`);
    if (fresh) morph(document.getElementById(name), fresh);
  }
});

const DOES = { "[data-finding]": settle, "[data-agreement]": agree };

document.addEventListener("submit", async (event) => {
  const found = Object.entries(DOES).find(([name]) => event.target.matches(name));
  if (!found) return;
  event.preventDefault();
  trim(event.target);
  if (!event.target.reportValidity()) return;
  const button = event.target.querySelector("button");
  hold(button);
  try {
    say(await found[1](event.target));
    await renew().catch(() => say("It is saved, but this page could not be brought up to date: reload it."));
  } catch (refusal) {
    say(refusal.message);
  } finally {
    release(button);
  }
});
