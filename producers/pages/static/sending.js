// A PMS that takes changes, on the sheet: one row sent again or made there, and whole days.
import { fragment } from "./api.js";
import { renew, whenRenewed } from "./day.js";
import { hold, release } from "./holding.js";
import "./linking.js";
import { renewPanel } from "./panel.js";
import { DEEDS, patientSynced, sent } from "./pushing.js";
import { say } from "./toast.js";

const dialog = document.querySelector("[data-sending]");
const form = dialog?.querySelector("[data-sending-form]");
const line = dialog?.querySelector("[data-sending-said]");

async function act(button, work) {
  hold(button);
  try {
    say(await work());
  } catch (refusal) {
    say(refusal.message);
  } finally {
    release(button);
    await Promise.all([renew(), renewPanel()]).catch(() => {});
  }
}

function told(sentence, isBad = false) {
  line.textContent = sentence;
  line.classList.toggle("bad", isBad);
}

const chosen = () => Object.fromEntries(new FormData(form));

// How many rows that would be, and how long they would wait for the PMS's clock.
async function estimate() {
  const place = form.querySelector("[data-sending-wait]");
  place.textContent = "";
  const body = await fragment(`/advancedmd/range?${new URLSearchParams(chosen())}`);
  place.textContent = body.textContent.trim();
}

async function send(event) {
  event.preventDefault();
  const button = form.querySelector(".primary");
  hold(button);
  told("Under way…");
  try {
    told(await DEEDS.range(chosen(), told));
    await renew();
  } catch (refusal) {
    told(refusal.message, true);
  } finally {
    release(button);
    estimate().catch(() => {});
  }
}

function open() {
  const { day } = document.getElementById("day").dataset;
  form.elements.from.value = day;
  form.elements.to.value = day;
  told("");
  dialog.showModal();
  estimate().catch(() => {});
}

// What is open beside the sheet follows when the PMS has answered meanwhile.
function follow() {
  const shown = document.getElementById("push")?.dataset;
  if (!shown) return;
  // A row that was made there goes on as the practice's own, under another id.
  const card = document.getElementById(`e-${shown.entry}`);
  const stands = card?.querySelector("[data-push-state]");
  if (stands?.title === shown.pushTip && card.dataset.version === shown.version) return;
  renewPanel().catch(() => {});
}

whenRenewed(follow);
// The row may have gone on while its answer was on its way.
addEventListener("opened", follow);
form?.addEventListener("submit", send);
form?.addEventListener("change", () => estimate().catch(() => {}));
form?.querySelector("[data-sending-close]").addEventListener("click", () => dialog.close());
addEventListener("linked", () => Promise.all([renew(), renewPanel()]).catch(() => {}));
document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest?.(selector);
  const push = at("#push [data-push]");
  const look = at("[data-sync-patient]");
  if (at("[data-send]")) open();
  if (push) act(push, () => sent(push.closest("[data-entry]").dataset, push.dataset.push));
  if (look) act(look, () => patientSynced(look.dataset.syncPatient));
});
