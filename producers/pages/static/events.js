// The account's events, for pages that only need to know that something happened.
const KINDS = [
  "sync_started", "sync_ended", "sheet_changed", "connection_checked", "connection_changed",
  "backfill_moved", "authorisation_changed", "reload",
];

export function listen(then) {
  const source = new EventSource("/api/run-sheet/events");
  for (const kind of KINDS) source.addEventListener(kind, () => then(kind));
  source.addEventListener("open", () => then("open"));
  addEventListener("pagehide", () => source.close(), { once: true });
}
