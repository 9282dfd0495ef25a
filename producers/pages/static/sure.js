// Asks before something is done to many rows; answers yes or no.
const dialog = document.querySelector("[data-sure]");

export function sure(title, text, verb) {
  dialog.querySelector("[data-sure-title]").textContent = title;
  dialog.querySelector("[data-sure-text]").textContent = text;
  dialog.querySelector("[data-sure-yes]").textContent = verb;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true });
  });
}

dialog.querySelector("[data-sure-no]").addEventListener("click", () => dialog.close());
