// Which of the PMS's patients somebody is: proposed by name and date of birth, chosen by a person.
import { ask, fragment } from "./api.js";
import { hold, release } from "./holding.js";

const dialog = document.querySelector("[data-linking]");
const inside = dialog.querySelector("[data-linking-inside]");
const yes = dialog.querySelector("[data-linking-yes]");
const problem = dialog.querySelector("[data-linking-error]");

async function open(link) {
  problem.hidden = true;
  yes.disabled = true;
  const body = await fragment(`/advancedmd/patients/${link}`);
  inside.replaceChildren(...body.childNodes);
  dialog.dataset.link = link;
  choose();
  dialog.showModal();
}

const chosen = () => inside.querySelector("[name=candidate]:checked")?.value;

function choose() {
  yes.disabled = !chosen();
}

async function link(event) {
  event.preventDefault();
  hold(yes);
  problem.hidden = true;
  try {
    const body = { pms_patient_id: chosen() };
    await ask("POST", `/api/advancedmd/patients/${dialog.dataset.link}/link`, { body, key: crypto.randomUUID() });
    dialog.close();
    dispatchEvent(new Event("linked"));
  } catch (refusal) {
    problem.textContent = refusal.message;
    problem.hidden = false;
  } finally {
    release(yes);
    choose();
  }
}

inside.addEventListener("change", choose);
dialog.querySelector("[data-linking-form]").addEventListener("submit", link);
dialog.querySelector("[data-linking-cancel]").addEventListener("click", () => dialog.close());
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-link-patient]");
  if (!button) return;
  open(button.dataset.linkPatient).catch((refusal) => {
    problem.textContent = refusal.message;
    problem.hidden = false;
    dialog.showModal();
  });
});
