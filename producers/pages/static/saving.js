// Saves values of rows: those of one row go one after another, each on the version the one before made.
import { exchange } from "./api.js";

const waiting = new Map();
// Which version a save of ours made of which: an editor opened before it has seen everything else.
const made = new Map();

export function saveValues(entry, version, body) {
  const turn = (waiting.get(entry) ?? Promise.resolve()).then(() => send(entry, reached(entry, version), body));
  waiting.set(entry, turn.catch(() => {}));
  return turn;
}

async function send(entry, version, body) {
  const answer = await exchange("PATCH", `/api/run-sheet/appointments/${entry}`, { body, version });
  if (answer.version && answer.version !== version) made.set(`${entry}@${version}`, answer.version);
  return answer.body.warning;
}

function reached(entry, version) {
  let at = version;
  while (made.has(`${entry}@${at}`)) at = made.get(`${entry}@${at}`);
  return at;
}
