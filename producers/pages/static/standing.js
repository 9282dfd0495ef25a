// Says calmly that what is shown is not live, since when, and that it is tried again; and no more once it is.
const place = document.querySelector("[data-not-live]");
const PATIENCE = 3000;
const MINUTE = 60_000;

let saying = null;
let line = null;
let rest = null;
let isAway = false;

// Whether the server was not heard of when it should have been.
export const isLost = () => isAway;

// A line that is found again within moments is not worth a word.
export function lost(at) {
  isAway = true;
  // What this window shows was read when it opened, if not later.
  const since = Math.max(at, performance.timeOrigin);
  saying ??= setTimeout(() => {
    line = told(`Not live since ${clock(since)}, trying again.`);
    show();
  }, Math.max(0, since + PATIENCE - Date.now()));
}

export function found() {
  isAway = false;
  clearTimeout(saying);
  saying = line = null;
  show();
}

// What is shown stays as it was read until then, to the minute; without an instant it is renewed again.
export function rests(until) {
  rest = until && told(`This page stays as it is until ${clock(Math.round(until / MINUTE) * MINUTE)}: you have read as many patient rows as one person may.`);
  show();
}

const clock = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

function told(sentence) {
  const said = document.createElement("p");
  said.textContent = sentence;
  return said;
}

function show() {
  place?.replaceChildren(...[line, rest].filter(Boolean));
}
