// The account's events for one page, through the stream that all windows of a session share.
import { signedOut } from "./leaving.js";
import { found, lost } from "./standing.js";
import { makeStream } from "./stream.js";

// Other words between windows and their stream need another number: an old one may still be running.
const WORDS = 1;
const session = document.querySelector('meta[name="csrf"]')?.content ?? "";

// `then` hears the kind of each event and what is told with it, and "open" whenever the stream is live (again).
// `after` answers the number the page was read at, where it is known; else "open" is the time to read again.
export function listen(then, after = () => null) {
  let last = null;
  let joined = null;
  const HEARD = {
    live: () => {
      found();
      then("open");
    },
    lost: ({ since }) => lost(since),
    "signed-out": signedOut,
  };
  const tell = (told) => {
    if (told.seq !== undefined) last = Math.max(last ?? 0, told.seq);
    if (HEARD[told.kind]) HEARD[told.kind](told);
    else then(told.kind, told.detail);
  };
  const start = () => { joined = join(last ?? after(), tell); };
  const stop = () => joined.leave();
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (event) => event.persisted && start());
  addEventListener("signed-out", () => {
    joined.check();
    stop();
    removeEventListener("pagehide", stop);
  }, { once: true });
  start();
}

// A window without shared workers has a stream of its own, as has one whose worker could not be started.
function join(after, tell) {
  try {
    return joinShared(after, tell);
  } catch {
    return makeStream().join(after, tell);
  }
}

function joinShared(after, tell) {
  const worker = new SharedWorker("/static/shared-stream.js", { type: "module", name: `${WORDS} ${session}` });
  const { port } = worker;
  let own = null;
  worker.addEventListener("error", () => {
    own ??= makeStream().join(after, tell);
  }, { once: true });
  port.addEventListener("message", ({ data }) => tell(data));
  port.start();
  const ask = (what, more) => port.postMessage({ ask: what, ...more });
  ask("join", { after });
  return {
    check: () => (own ? own.check() : ask("check")),
    leave: () => (own ? own.leave() : ask("leave")),
  };
}
