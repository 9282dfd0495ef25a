// Follows what happens to the sheet: the shown day is asked for again when it changed.
import { showCounts } from "./counts.js";
import { renew, shown, whenRenewed } from "./day.js";
import { listen } from "./events.js";
import { look } from "./syncing.js";

const GATHER = 150;
// A group is synced all the time, and each look at so many columns costs: they are gathered for longer.
const GATHER_WIDE = 5000;

let renewing = null;

function soon() {
  renewing ??= setTimeout(() => {
    renewing = null;
    renew().catch(() => {});
  }, "wide" in shown().dataset ? GATHER_WIDE : GATHER);
}

const HEARD = {
  reload: soon,
  connection_changed: soon,
  sync_started: look,
  sync_ended: () => {
    look();
    soon();
  },
  sheet_changed: ({ days }) => {
    if (!days || days.includes(shown().dataset.day)) soon();
  },
};

whenRenewed(() => showCounts());
listen((kind, detail) => HEARD[kind]?.(detail), () => Number(shown().dataset.seq));
