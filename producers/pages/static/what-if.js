// Weighed frequencies are saved, one connection after another, after a look at what they come to.
import "./frame.js";
import { exchange } from "./api.js";
import { leave } from "./focus.js";
import { hold, release } from "./holding.js";
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
  hold(button);
  try {
    for (const { row, minutes } of wished) {
      const { habit: id, version } = row.dataset;
      const saved = await exchange("PATCH", `/api/pms/connections/${id}`, { version, body: { frequency_minutes: minutes } });
      // Where a later one is refused, those before it can be saved with it once more.
      row.dataset.version = saved.version;
    }
    leave("Saved; the next syncs follow it.", location.pathname);
    location.assign(location.pathname);
  } catch (refusal) {
    say(refusal.message);
    release(button);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-save]");
  if (button) save(button);
});
