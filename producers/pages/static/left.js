// Rows of practices that are not connected any more: taken off the sheet, and put back.
import { ask } from "./api.js";
import { hold, release } from "./holding.js";
import { say } from "./toast.js";

const dialog = document.querySelector("[data-left-sure]");
const rows = (count) => (count === 1 ? "1 row" : `${count} rows`);

// Answers what is to leave; null where somebody thought better of it.
function chosen(name, toCome, typed) {
  dialog.querySelector("[data-left-name]").textContent = name;
  dialog.querySelector("[data-left-count]").textContent = typed
    ? `${rows(toCome)} to come; a person typed something in ${typed} of them, and those stay.`
    : `${rows(toCome)} to come.`;
  const also = dialog.querySelector("[data-left-typed]");
  also.hidden = !typed;
  also.querySelector("span").textContent = `Also take off the ${rows(typed)} with something typed`;
  also.querySelector("input").checked = false;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => {
      answer(dialog.returnValue === "yes" ? { typed: also.querySelector("input").checked } : null);
    }, { once: true });
  });
}

async function act(button, error) {
  const held = button.closest("[data-id]");
  const name = held.querySelector("h3").textContent;
  const isOff = button.dataset.left === "take-off";
  const body = isOff ? await chosen(name, Number(held.dataset.toCome), Number(held.dataset.typed)) : undefined;
  if (body === null) return;
  error.hidden = true;
  hold(button);
  try {
    const { moved, rows: left } = await ask("POST", `/api/pms/connections/${held.dataset.id}/rows/${button.dataset.left}`, { body });
    const off = left.taken_off && !isOff ? ` ${rows(left.taken_off)} would overlap another appointment: still off the sheet.` : "";
    say(`${name}: ${rows(moved)} ${isOff ? "taken off the sheet" : "put back"}.${off}`);
  } catch (refusal) {
    error.textContent = `${name}: ${refusal.message}`;
    error.hidden = false;
  } finally {
    release(button);
  }
}

export function leftRows(error, then) {
  dialog?.querySelector("[data-left-no]").addEventListener("click", () => dialog.close());
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-left]");
    if (!button) return;
    await act(button, error);
    then();
  });
}
