// A day with very many columns: whose are shown is chosen here, and by the address; a patient is looked for in all of them.
import { ask, fragment } from "./api.js";
import { shown } from "./day.js";
import { say } from "./toast.js";

const dialog = document.querySelector("[data-choosing]");
const choices = dialog.querySelector("[data-choices]");
const narrow = dialog.querySelector("[data-narrow]");
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

async function choose() {
  try {
    const body = await fragment(`/sheet/columns?date=${shown().dataset.day}`);
    choices.replaceChildren(...body.childNodes);
  } catch (refusal) {
    say(refusal.message);
    return;
  }
  const chosen = new Set(new URLSearchParams(shown().dataset.columns).getAll("clinician"));
  for (const box of choices.querySelectorAll("input")) box.checked = chosen.has(box.value);
  narrow.value = "";
  dialog.showModal();
}

narrow.addEventListener("input", () => {
  const wanted = plain(narrow.value.trim());
  for (const one of choices.querySelectorAll("li")) one.hidden = !plain(one.textContent).includes(wanted);
});
// Enter in the field narrows, and does not send what is half chosen.
narrow.addEventListener("keydown", (event) => {
  if (event.key === "Enter") event.preventDefault();
});
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-choose-columns]")) choose();
});
document.addEventListener("change", (event) => {
  event.target.closest?.("[data-columns-of]")?.requestSubmit();
});

const sought = document.querySelector('[data-filter="name"]');
const elsewhere = document.querySelector("[data-elsewhere]");
const lookElsewhere = elsewhere.querySelector("[data-look-elsewhere]");
const told = elsewhere.querySelector("[data-elsewhere-told]");
const list = elsewhere.querySelector("[data-elsewhere-found]");

// The page itself finds whom it shows; whoever is looked for may be in a column that it does not.
function offer() {
  const name = sought.value.trim();
  elsewhere.hidden = !name;
  told.textContent = "";
  list.replaceChildren();
  lookElsewhere.textContent = `Look for “${name}” in the ${shown().dataset.wide} columns not shown, too`;
}

async function look() {
  const name = sought.value.trim();
  lookElsewhere.disabled = true;
  try {
    const { found, most } = await ask("POST", "/sheet/find", { body: { day: shown().dataset.day, name } });
    if (name !== sought.value.trim()) return;
    list.replaceChildren(...found.map(item));
    told.textContent = found.length ? `${found.length === most ? "The first " : ""}${found.length} in all columns:` : `Nobody matches on ${shown().dataset.spoken}.`;
  } catch (refusal) {
    say(refusal.message);
  } finally {
    lookElsewhere.disabled = false;
  }
}

function item({ id, name, time, clinician }) {
  const one = document.createElement("li");
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "who", textContent: name, dir: "auto" });
  button.dataset.open = id;
  button.ariaHasPopup = "dialog";
  one.append(button, ` ${time} · ${clinician ?? "no clinician"}`);
  return one;
}

sought.addEventListener("input", offer);
lookElsewhere.addEventListener("click", look);
