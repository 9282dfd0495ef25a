// Says one sentence for as long as it takes to read; the same one again stays one, and no more than three are shown.
const place = document.querySelector("[data-toasts]");
const MOST = 3;
const LASTS = 6000;
const LASTS_PER_SIGN = 70;
const timers = new WeakMap();

// Beside an open dialog nothing is read out, and all is dimmed: what is said stands in it.
const home = () => [...document.querySelectorAll("dialog:modal")].at(-1) ?? document.body;

function settle() {
  if (place.parentElement !== home()) home().append(place);
}

export function say(sentence) {
  settle();
  const line = [...place.children].find((one) => one.textContent === sentence) ?? made(sentence);
  place.append(line);
  while (place.children.length > MOST) place.firstElementChild.remove();
  clearTimeout(timers.get(line));
  timers.set(line, setTimeout(() => line.remove(), Math.max(LASTS, LASTS_PER_SIGN * sentence.length)));
}

function made(sentence) {
  const line = document.createElement("p");
  line.textContent = sentence;
  return line;
}

document.addEventListener("close", settle, true);
