// Weighed frequencies are saved, one connection after another, after a look at what they come to.
import "./frame.js";
import { ask } from "./api.js";
import { say } from "./toast.js";

const form = document.querySelector("[data-weighing]");

// An address with only what was asked can be sent to somebody.
form.addEventListener("submit", () => {
  for (const field of form.querySelectorAll("input")) field.disabled = !field.value;
});
window.addEventListener("pageshow", () => {
  for (const field of form.querySelectorAll("input")) field.disabled = false;
});

async function save(button) {
  const wished = [...form.querySelectorAll("[data-habit]")]
    .map((row) => ({ row, minutes: Number(row.querySelector("[name^=every-]")?.defaultValue) }))
    .filter(({ minutes }) => minutes);
  button.disabled = true;
  try {
    for (const { row, minutes } of wished) {
      const { habit: id, version } = row.dataset;
      await ask("PATCH", `/api/pms/connections/${id}`, { version, body: { frequency_minutes: minutes } });
    }
    location.assign("/queues/what-if#saved");
  } catch (refusal) {
    say(refusal.message);
    button.disabled = false;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-save]");
  if (button) save(button);
});
if (location.hash === "#saved") {
  history.replaceState(null, "", location.pathname);
  say("Saved; the next syncs follow it.");
}
