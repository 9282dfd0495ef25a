// What of the day is shown; chosen here, never sent anywhere.
import { whenRenewed } from "./day.js";

const control = (name) => document.querySelector(`[data-filter="${name}"]`);
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

function apply() {
  const name = plain(control("name").value.trim());
  const clinician = control("clinician").value;
  for (const column of document.querySelectorAll("#board .column")) {
    column.hidden = clinician !== "" && column.dataset.clinician !== clinician;
    const cards = [...column.querySelectorAll(".card")];
    for (const card of cards) card.hidden = !matches(card, name);
    column.querySelector(".none-left").hidden = cards.some((card) => !card.hidden);
  }
}

function matches(card, name) {
  if (control("telehealth").checked && !("telehealth" in card.dataset)) return false;
  if (control("off").checked && "off" in card.dataset) return false;
  return !name || plain(card.querySelector(".who").textContent).includes(name);
}

document.querySelector(".filters").addEventListener("input", apply);
whenRenewed(apply);
