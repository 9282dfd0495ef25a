// Follows what happens to the sheet: the shown day is asked for again when it changed.
import { showCounts } from "./counts.js";
import { renew, shown, whenRenewed } from "./day.js";
import { listen } from "./events.js";
import { WELL } from "./fresh.js";
import { look } from "./syncing.js";
import { A_MOMENT, gathered } from "./turns.js";

// A group is synced all the time, and each look at so many columns costs: they are gathered for longer.
const LONGER = 5000;

const pause = () => ("wide" in shown().dataset ? LONGER : A_MOMENT);
const soon = gathered(renew, pause);
const lookSoon = gathered(look, pause);

// Of a practice that is well, one more sync that went well says only how fresh it is: changes are told by themselves.
function saysMore({ status, connection_id: practice }) {
  const { day, today } = shown().dataset;
  const isWell = document.getElementById(`c-${practice}`)?.matches(WELL);
  return status !== "success" || day !== today || !isWell || !document.getElementById("board");
}

const HEARD = {
  reload: soon,
  connection_changed: soon,
  sync_started: lookSoon,
  sync_ended: (detail) => {
    lookSoon();
    if (saysMore(detail)) soon();
  },
  sheet_changed: ({ days }) => {
    if (!days || days.includes(shown().dataset.day)) soon();
  },
};

export const hear = (kind, detail) => HEARD[kind]?.(detail);

whenRenewed(() => showCounts());
listen(hear, () => Number(shown().dataset.seq));
