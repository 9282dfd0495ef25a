// How fresh each practice is: where there is little room, those of which there is nothing to tell are one line until asked for.
import { whenRenewed } from "./day.js";

export const WELL = ".fresh:is(.f-on_time, .f-closed):not(:has(.missing, .why))";
const FEW = 2;

let isOpen = false;

export function fold() {
  const list = document.getElementById("freshness");
  const button = document.querySelector("[data-show-well]");
  const count = list.querySelectorAll(WELL).length;
  list.classList.toggle("folded", !isOpen && count >= FEW);
  button.parentElement.hidden = count < FEW;
  button.ariaExpanded = String(isOpen);
  button.querySelector("[data-well]").textContent = count;
}

document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-show-well]")) return;
  isOpen = !isOpen;
  fold();
});
whenRenewed(fold);
