// Follows what happens to the sheet; after a lost connection it catches up by number.
import { ask } from "./api.js";
import { showCounts } from "./counts.js";
import { renew, shown, whenRenewed } from "./day.js";
import { look } from "./syncing.js";

const banner = document.querySelector("[data-lost]");
const GATHER = 150;
const PATIENCE = 3000;
const AGAIN = 5000;

let renewing = null;
let losing = null;
let seen = new Date();

function soon() {
  renewing ??= setTimeout(() => {
    renewing = null;
    renew().then(renewed, () => {});
  }, GATHER);
}

function renewed() {
  seen = new Date();
}

function connect() {
  const source = new EventSource(`/api/run-sheet/events?after=${shown().dataset.seq}`);
  source.addEventListener("open", found);
  source.addEventListener("error", () => lost(source));
  source.addEventListener("reload", soon);
  source.addEventListener("sync_started", look);
  source.addEventListener("sync_ended", () => {
    look();
    soon();
  });
  source.addEventListener("sheet_changed", (event) => {
    const { days } = JSON.parse(event.data);
    if (!days || days.includes(shown().dataset.day)) soon();
  });
  addEventListener("pagehide", () => source.close(), { once: true });
  addEventListener("signed-out", () => source.close(), { once: true });
}

function found() {
  clearTimeout(losing);
  losing = null;
  banner.hidden = true;
}

function lost(source) {
  losing ??= setTimeout(() => {
    banner.querySelector("[data-lost-at]").textContent = seen.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    banner.hidden = false;
  }, PATIENCE);
  if (source.readyState !== EventSource.CLOSED) return;
  // Refused for good (signed out, or restarted): asking tells which, a new stream begins here.
  ask("GET", "/api/run-sheet/sync").then(() => { soon(); connect(); }, (refusal) => {
    if (refusal.status !== 401) setTimeout(() => lost(source), AGAIN);
  });
}

whenRenewed(() => showCounts());
connect();
