// The account's features: only what was switched here is sent, so that nobody's change is undone.
import "./frame.js";
import { ask } from "./api.js";
import { busy, draft, ready, said } from "./forms.js";

const form = document.querySelector("[data-form=features]");
const kept = draft(form, "features");

const switched = () => [...form.querySelectorAll("input[type=checkbox]")].filter((one) => one.checked !== one.defaultChecked);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = switched();
  if (!wanted.length) {
    said(form, "Nothing was changed.");
    return;
  }
  busy(form, form.querySelector("[type=submit]"), async () => {
    const features = Object.fromEntries(wanted.map((one) => [one.name, one.checked]));
    const answer = await ask("PATCH", "/api/features", { body: { features } });
    for (const one of form.querySelectorAll("input[type=checkbox]")) one.checked = answer.features[one.name];
    kept.forget();
    said(form, "Saved. It applies from the next call or sync on.");
  });
});
ready();
