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
    // As if it were typed: it is shown, and kept, as what is.
    form.dispatchEvent(new Event("change"));
  });
  renew();
  return {
    wanted() {
      if (always.checked) return {};
      return Object.fromEntries(days.filter(isOpen).map((day) => [day.dataset.day, shifts(day).map(times)]));
    },
    // A week as `wanted` told it; always open leaves the rows as they are.
    lay(told) {
      if (!Object.keys(told).length) return;
      for (const day of days) open(day, told[day.dataset.day] ?? []);
      renew();
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

const copy = (from, to) => open(to, isOpen(from) ? shifts(from).map(times) : []);

// A day with these shifts; without any it is closed, and its rows stay as a pattern.
function open(day, told) {
  day.querySelector("[data-open]").checked = told.length > 0;
  if (!told.length) return;
  const [pattern, ...others] = shifts(day);
  for (const one of others) one.remove();
  for (let more = 1; more < told.length; more += 1) pattern.after(pattern.cloneNode(true));
  shifts(day).forEach((shift, number) => {
    [...shift.querySelectorAll("[type=time]")].forEach((field, at) => {
      field.value = told[number][at];
    });
  });
}
