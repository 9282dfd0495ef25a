// A page that was opened on today says so once that day is over: else the next morning's reader takes its list for theirs.
import { renew, shown, whenRenewed } from "./day.js";
import { local } from "./now.js";

const LOOK_EVERY = 30_000;
const QUARTER = 15;
const over = document.querySelector("[data-day-over]");
const button = document.querySelector('[data-go="today"]');
const wasToday = isToday();
let asked = null;

function isToday() {
  return shown().dataset.day === shown().dataset.today;
}

function tell() {
  over.hidden = !wasToday || isToday();
  button.classList.toggle("here", isToday());
  if (isToday()) button.ariaCurrent = "date";
  else button.removeAttribute("aria-current");
}

// The server says which day it is; a clock that is ahead of it asks again a quarter of an hour later.
function look() {
  const { day, minutes } = local(over.dataset.timezone);
  const quarter = `${day} ${Math.floor(minutes / QUARTER)}`;
  if (day === shown().dataset.today || asked === quarter) return;
  asked = quarter;
  renew().catch(() => {});
}

whenRenewed(tell);
setInterval(look, LOOK_EVERY);
