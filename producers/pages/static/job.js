// One job: what may be done to it, after a question; then it is shown as it stands.
import "./frame.js";
import { doOne } from "./deed.js";
import { reload } from "./focus.js";
import { hold, release } from "./holding.js";
import { say } from "./toast.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-act]");
  if (!button) return;
  hold(button);
  try {
    const sentence = await doOne(button.dataset.act, button.closest("[data-job]").dataset);
    if (sentence) reload(sentence);
  } catch (refusal) {
    say(refusal.message);
  } finally {
    release(button);
  }
});
