// The days on which a practice is shut: a date each, and as many as there are.
export function shut(form) {
  const list = form.querySelector("[data-days]");
  const pattern = form.querySelector("template");
  const row = (day = "") => {
    const made = pattern.content.cloneNode(true).firstElementChild;
    made.querySelector("input").value = day;
    list.append(made);
    return made.querySelector("input");
  };
  const changed = () => form.dispatchEvent(new Event("change"));

  form.addEventListener("click", (event) => {
    const gone = event.target.closest("[data-remove-day]");
    if (event.target.closest("[data-add-day]")) row().focus();
    else if (gone) {
      gone.closest("[data-shut-day]").remove();
      form.querySelector("[data-add-day]").focus();
    } else return;
    // As if it were typed: it is shown, and kept, as what is.
    changed();
  });
  return {
    wanted: () => [...list.querySelectorAll("input")].map((one) => one.value).filter(Boolean),
    lay(days) {
      list.replaceChildren();
      for (const day of days) row(day);
    },
  };
}
