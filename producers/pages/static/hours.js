// Opening hours: a row per weekday, with as many shifts as it takes.
export function hours(form) {
  const week = form.querySelector("[data-week]");
  const always = form.elements.always;
  const days = [...week.querySelectorAll("[data-day]")];

  function renew() {
    week.hidden = always.checked;
    for (const day of days) {
      const open = isOpen(day);
      day.classList.toggle("closed", !open);
      for (const field of day.querySelectorAll("[type=time]")) field.disabled = !open;
    }
  }

  form.addEventListener("change", renew);
  form.addEventListener("click", (event) => {
    const day = event.target.closest("[data-day]");
    if (event.target.closest("[data-add-shift]")) add(day);
    else if (event.target.closest("[data-remove-shift]")) remove(event.target.closest("[data-shift]"), day);
    else if (event.target.closest("[data-copy-day]")) for (const other of days.slice(1, 5)) copy(days[0], other);
    else return;
    renew();
  });
  renew();
  return {
    wanted() {
      if (always.checked) return {};
      return Object.fromEntries(days.filter(isOpen).map((day) => [day.dataset.day, shifts(day).map(times)]));
    },
  };
}

const isOpen = (day) => day.querySelector("[data-open]").checked;
const shifts = (day) => [...day.querySelectorAll("[data-shift]")];
const times = (shift) => [...shift.querySelectorAll("[type=time]")].map((one) => one.value);

function add(day) {
  const last = shifts(day).at(-1);
  const made = last.cloneNode(true);
  const [opens, closes] = made.querySelectorAll("[type=time]");
  opens.value = last.querySelectorAll("[type=time]")[1].value;
  closes.value = "";
  last.after(made);
  closes.focus();
}

// The last shift stays as a pattern: its day is closed instead.
function remove(shift, day) {
  if (shifts(day).length > 1) shift.remove();
  else day.querySelector("[data-open]").checked = false;
  day.querySelector("[data-open]").focus();
}

function copy(from, to) {
  to.querySelector("[data-open]").checked = isOpen(from);
  const names = [...to.querySelectorAll("[data-shift]")];
  const label = to.querySelector(".toggle span").textContent;
  const fresh = shifts(from).map((one) => one.cloneNode(true));
  fresh.forEach((one, number) => {
    const given = times(shifts(from)[number]);
    [...one.querySelectorAll("[type=time]")].forEach((field, at) => {
      field.value = given[at];
      field.setAttribute("aria-label", `${label} ${at ? "closes" : "opens"}`);
    });
  });
  names[0].before(...fresh);
  for (const one of names) one.remove();
}
