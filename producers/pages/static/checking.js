// Asks the vendor through a worker and waits for the answer, which may take a moment.
import { ask } from "./api.js";
import { at, move, order, refresh } from "./versioned.js";

const LOOK_EVERY = 700;
// A vendor may let an office sign in no more than once a minute.
const PATIENCE = 150_000;

export async function check(path, body = {}) {
  const { check: begun } = await order(path, body);
  const ended = await waited(begun);
  move(ended.connection_id);
  await refresh();
  return ended;
}

async function waited(begun) {
  const until = Date.now() + PATIENCE;
  let now = begun;
  while (now.state === "waiting") {
    if (Date.now() > until) throw new Error("No worker has answered yet. It goes on by itself; look again in a moment.");
    await new Promise((then) => setTimeout(then, LOOK_EVERY));
    now = (await ask("GET", at(`/checks/${now.id}`))).check;
  }
  return now;
}
