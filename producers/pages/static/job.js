// One job: what may be done to it, after a question; then it is shown as it stands.
import "./frame.js";
import { doOne } from "./deed.js";
import { say } from "./toast.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-act]");
  if (!button) return;
  button.disabled = true;
  try {
    if (await doOne(button.dataset.act, button.closest("[data-job]").dataset)) location.reload();
  } catch (refusal) {
    say(refusal.message);
  } finally {
    button.disabled = false;
  }
});
