// Calling a column by the name people know.
import { ask } from "./api.js";
import { renew } from "./day.js";
import { say } from "./toast.js";

const dialog = document.querySelector("[data-renaming]");
const form = dialog.querySelector("[data-renaming-form]");
const error = dialog.querySelector("[data-renaming-error]");
let clinician = null;

function open(button) {
  clinician = button.dataset.rename;
  form.elements.name.value = button.dataset.name;
  error.textContent = "";
  dialog.showModal();
  form.elements.name.select();
}

async function save() {
  try {
    const { clinician: named } = await ask("PATCH", `/api/run-sheet/clinicians/${clinician}`, {
      body: { name: form.elements.name.value },
    });
    dialog.close();
    say(`The column is called ${named.name}.`);
    await renew();
  } catch (refusal) {
    error.textContent = refusal.message;
    form.elements.name.focus();
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-rename]");
  if (button) open(button);
});
