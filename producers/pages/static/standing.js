// Says calmly that what is shown is not live, since when, and that it is tried again; and no more once it is.
const place = document.querySelector("[data-not-live]");
const PATIENCE = 3000;

let saying = null;

// A line that is found again within moments is not worth a word.
export function lost(at) {
  // What this window shows was read when it opened, if not later.
  const since = Math.max(at, performance.timeOrigin);
  saying ??= setTimeout(() => {
    const when = new Date(since).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    const line = document.createElement("p");
    line.textContent = `Not live since ${when}, trying again.`;
    place?.replaceChildren(line);
  }, Math.max(0, since + PATIENCE - Date.now()));
}

export function found() {
  clearTimeout(saying);
  saying = null;
  place?.replaceChildren();
}
