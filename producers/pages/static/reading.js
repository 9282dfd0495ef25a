// A day nobody has read yet is asked for when it is opened, once; and by hand at any time.
import { shown } from "./day.js";
import { readDay } from "./syncing.js";

const AGAIN_AFTER = 30 * 60_000;
const MEMORY = "days-asked";

function remembered() {
  const kept = JSON.parse(sessionStorage.getItem(MEMORY) ?? "{}");
  return Object.fromEntries(Object.entries(kept).filter(([, at]) => Date.now() - at < AGAIN_AFTER));
}

function askOnce() {
  const { day, due } = shown().dataset;
  const asked = remembered();
  if (!due || asked[day]) return;
  sessionStorage.setItem(MEMORY, JSON.stringify({ ...asked, [day]: Date.now() }));
  readDay(due.split(" "));
}

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-read-day]")) readDay();
});
askOnce();
