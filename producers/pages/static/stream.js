// The account's stream of events, for one window or all of a browser: taken up by number, known by its heartbeat to be live.
const PATH = "/api/run-sheet/events";
const KINDS = [
  "sync_started", "sync_ended", "sheet_changed", "connection_checked", "connection_changed",
  "backfill_moved", "authorisation_changed",
];
// Numbers are given before commits: a lower one may come after a higher, as the server's own overlap has it.
const OVERLAP = 64;
const OVERLAP_MS = 15_000;
const MOST = 500;
const HEARTBEAT_MS = 15_000;
const MISSED = 2.5;
const LOOK_EVERY = 1000;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 15_000;

// Windows join with the number they were read at, or none, and a function that hears what happens from there.
export function makeStream() {
  const windows = new Map();
  let source = null;
  let isLive = false;
  let heartbeat = HEARTBEAT_MS;
  let heard = Date.now();
  let since = null;
  let tries = 0;
  let again = null;
  let watch = null;
  // What was told, from the number `whole` on; without one nothing is known before the first heartbeat.
  let past = [];
  let whole = null;
  let last = null;

  function join(after, tell) {
    const one = { after, tell, isIn: false };
    windows.set(one, tell);
    if (isLive) enter(one);
    else if (since !== null) tell({ kind: "lost", since });
    if (!source) begin(after);
    return { leave: () => leave(one), check };
  }

  function leave(one) {
    windows.delete(one);
    if (!windows.size) end();
  }

  function begin(after) {
    clearTimeout(again);
    again = null;
    if (last === null && after !== null) whole = last = after;
    heard = Date.now();
    source = new EventSource(last === null ? PATH : `${PATH}?after=${last}`);
    for (const kind of KINDS) source.addEventListener(kind, happened);
    source.addEventListener("reload", reload);
    source.addEventListener("heartbeat", beat);
    source.addEventListener("goodbye", () => lost());
    source.addEventListener("error", failed);
    watch ??= setInterval(look, LOOK_EVERY);
  }

  // The first heartbeat of a stream comes once all that was missed is told.
  function beat(event) {
    const { seconds, seq } = JSON.parse(event.data);
    heartbeat = seconds * 1000;
    heard = Date.now();
    if (seq !== undefined) last = Math.max(last ?? 0, seq);
    whole ??= last;
    if (isLive) return;
    [isLive, since, tries] = [true, null, 0];
    for (const one of windows.keys()) enter(one);
  }

  function enter(one) {
    if (!one.isIn) catchUp(one);
    one.isIn = true;
    one.tell({ kind: "live" });
  }

  function catchUp({ after, tell }) {
    if (after === null) return;
    if (after < whole) {
      tell({ kind: "reload", seq: last });
      return;
    }
    const recent = Date.now() - OVERLAP_MS;
    for (const told of past) {
      const { seq } = told.detail;
      if (seq > after || (seq > after - OVERLAP && told.at > recent)) tell(told);
    }
  }

  function happened(event) {
    heard = Date.now();
    const detail = JSON.parse(event.data);
    if (past.some((told) => told.detail.seq === detail.seq)) return;
    const told = { kind: event.type, detail, seq: detail.seq, at: heard };
    past.push(told);
    last = Math.max(last ?? 0, detail.seq);
    if (past.length > MOST) whole = Math.max(whole ?? 0, past.shift().detail.seq);
    for (const one of windows.keys()) if (one.isIn) one.tell(told);
  }

  // The server has forgotten what came between: whoever is in reads all of it again.
  function reload(event) {
    heard = Date.now();
    past = [];
    whole = last = JSON.parse(event.data).seq;
    for (const one of windows.keys()) if (one.isIn) one.tell({ kind: "reload", seq: last });
  }

  function look() {
    if (source && Date.now() - heard > MISSED * heartbeat) lost();
  }

  // A line that ends is tried again as one that is refused; only a refusal may mean that nobody is signed in.
  async function failed() {
    const isRefused = source.readyState === EventSource.CLOSED;
    lost();
    if (isRefused) await check();
  }

  function lost() {
    source?.close();
    source = null;
    isLive = false;
    since ??= heard;
    for (const tell of windows.values()) tell({ kind: "lost", since });
    const pause = Math.min(FIRST_PAUSE * 2 ** tries, LONGEST_PAUSE);
    tries += 1;
    // Not all browsers at once: a server that has just begun is asked by each in its own moment.
    again = setTimeout(() => windows.size && begin(null), pause * (0.5 + Math.random() / 2));
  }

  async function check() {
    const answer = await fetch("/api/run-sheet/sync", { headers: { Accept: "application/json" } }).catch(() => null);
    if (answer?.status !== 401) return;
    const all = [...windows.values()];
    windows.clear();
    end();
    for (const tell of all) tell({ kind: "signed-out" });
  }

  function end() {
    clearTimeout(again);
    clearInterval(watch);
    source?.close();
    [source, isLive, since, tries, again, watch] = [null, false, null, 0, null, null];
  }

  addEventListener("online", () => {
    if (again && windows.size) begin(null);
  });
  return { join };
}
