"""Plays calls: `python -m simulators.calls --to URL --caller +1...`; the credential by stdin."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from simulators.calls.conversation import Ending, Played, Step, booking_call, play, read_script
from simulators.calls.phone import Phone
from simulators.calls.signing import Signer

MOST_DELIVERIES = 3


def main() -> int:
    """0 where every call was answered; what they came to is printed."""
    flags = _flags()
    signer = Signer.from_text(sys.stdin.read().strip())
    steps = read_script(flags.script) if flags.script else booking_call(flags.day, _patient(flags))
    with ThreadPoolExecutor(flags.concurrency) as lines:
        played = list(
            lines.map(lambda number: _call(flags, signer, steps, number), range(flags.repeat))
        )
    _print(played, as_json=flags.json)
    return 1 if any(one.ending is Ending.BROKEN for one in played) else 0


def _call(flags: argparse.Namespace, signer: Signer, steps: Sequence[Step], number: int) -> Played:
    callers: list[str] = flags.caller
    phone = Phone(
        url=flags.to,
        signer=signer,
        caller=callers[number % len(callers)],
        account=flags.account,
        called=flags.called,
        number_id=flags.number_id,
        duplicate=flags.duplicate,
    )
    return play(phone, steps)


def _print(played: Sequence[Played], *, as_json: bool) -> None:
    if as_json:
        _write(json.dumps({"calls": [one.as_json() for one in played], **_summary(played)}))
        return
    for one in played if len(played) == 1 else ():
        for turn in one.turns:
            _write(f"{turn.who:>9}: {turn.text}")
    summary = _summary(played)
    told = ", ".join(f"{count} {ending}" for ending, count in summary["endings"].items())
    _write(f"{len(played)} calls: {told}; slowest answer {summary['slowest_seconds']} s")


def _summary(played: Sequence[Played]) -> dict[str, Any]:
    seconds = [each for one in played for each in one.seconds]
    return {
        "endings": dict(Counter(one.ending.value for one in played)),
        "slowest_seconds": round(max(seconds, default=0.0), 3),
    }


def _patient(flags: argparse.Namespace) -> dict[str, str]:
    given = {"patientName": flags.patient, "dateOfBirth": flags.born}
    return {name: value for name, value in given.items() if value}


def _flags() -> argparse.Namespace:
    flags = argparse.ArgumentParser(description="Plays phone calls to the tools of a practice.")
    flags.add_argument("--to", required=True)
    flags.add_argument("--caller", action="append", required=True)
    flags.add_argument("--account")
    flags.add_argument("--called", default="+12025550100")
    flags.add_argument("--number-id")
    flags.add_argument("--script", type=Path)
    flags.add_argument("--day", default="tomorrow")
    flags.add_argument("--patient")
    flags.add_argument("--born")
    flags.add_argument("--repeat", type=int, default=1)
    flags.add_argument("--concurrency", type=int, default=1)
    flags.add_argument("--duplicate", type=int, default=1, choices=range(1, MOST_DELIVERIES + 1))
    flags.add_argument("--json", action="store_true")
    return flags.parse_args()


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
