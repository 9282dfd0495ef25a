"""Runs the benches named, or those that stand beside the peers, and prints a table for each.

python -m bench [--json FILE]: voice-hop, pipes, clocks and scaling; FILE keeps what others wrote
python -m bench pipes [--rounds 5] [--days 20], python -m bench scaling [--practices 1000]
python -m bench amd-week, python -m bench amd-push
python -m bench wide [--columns 1000]
python -m bench fairness [--connections 500], python -m bench rhythm
python -m bench pipeline day [--many 300]
python -m bench clocks [--seconds 299] [--rounds 5]
python -m bench voice, or of it voice-hop voice-call voice-backlog voice-hanging [--rounds 5]
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from time import monotonic

from bench import (
    amd_push,
    amd_week,
    day,
    fairness,
    pipeline,
    piping,
    rhythm,
    scaling,
    throttle,
    voice_backlog,
    voice_call,
    voice_hanging,
    voice_hop,
    wide,
)
from bench.results import keep, machine
from infra import logging

Rows = Callable[[Namespace], Iterator[Sequence[str]]]

BENCHES: Mapping[str, tuple[Sequence[str], Rows]] = {
    "pipeline": (pipeline.HEADINGS, lambda _: pipeline.rows()),
    "pipes": (piping.HEADINGS, lambda told: piping.rows(rounds=told.rounds, days=told.days)),
    "day": (day.HEADINGS, lambda told: day.rows(many=told.many)),
    "clocks": (
        throttle.HEADINGS,
        lambda told: throttle.rows(seconds=told.seconds, rounds=told.rounds),
    ),
    "voice-hop": (
        voice_hop.HEADINGS,
        lambda told: voice_hop.rows(rounds=told.rounds, pythons=dict(told.python)),
    ),
    "voice-call": (voice_call.HEADINGS, lambda told: voice_call.rows(rounds=told.rounds)),
    "voice-backlog": (voice_backlog.HEADINGS, lambda told: voice_backlog.rows(rounds=told.rounds)),
    "voice-hanging": (voice_hanging.HEADINGS, lambda _: voice_hanging.rows()),
    "amd-push": (amd_push.HEADINGS, lambda _: amd_push.rows()),
    "fairness": (
        fairness.HEADINGS,
        lambda told: fairness.rows(connections=told.connections),
    ),
    "rhythm": (rhythm.HEADINGS, lambda _: rhythm.rows()),
    "scaling": (
        scaling.HEADINGS,
        lambda told: scaling.rows(connections=told.practices),
    ),
    "wide": (wide.HEADINGS, lambda told: wide.rows(columns=told.columns)),
    "amd-week": (amd_week.HEADINGS, lambda _: amd_week.rows()),
}
MINUTES: Mapping[str, int] = {"voice-hop": 8, "pipes": 15, "clocks": 26, "scaling": 12}
"""Reckoned for two cores left alone; these are run when none is named."""
VOICE = [name for name in BENCHES if name.startswith("voice-")]


def main() -> None:
    parser = ArgumentParser(prog="python -m bench", description=__doc__)
    choices = [[], *BENCHES, "voice"]
    parser.add_argument("names", nargs="*", choices=choices, help="beside the peers if none")
    parser.add_argument("--many", type=int, default=0, help="also a day of so many requests")
    parser.add_argument("--seconds", type=int, default=299, help="of each vendor clock")
    parser.add_argument("--rounds", type=int, default=5, help="of what has peers, in turns")
    parser.add_argument("--practices", type=int, default=1000, help="to be synced, for scaling")
    parser.add_argument("--columns", type=int, default=1000, help="of a large group, for wide")
    parser.add_argument("--days", type=int, default=20, help="of 1,000 appointments, for pipes")
    parser.add_argument("--connections", type=int, default=500, help="that share an allowance")
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        type=lambda told: tuple(told.split("=", 1)),
        metavar="PEER=PATH",
        help="the interpreter of a peer that has an environment of its own",
    )
    parser.add_argument("--json", type=Path, help="also write the tables to this file")
    arguments = parser.parse_args()
    logging.configure(json=False, level="ERROR")
    names = _named(arguments.names)
    _say(machine())
    _say_how_long(names)
    for name in names:
        headings, rows = BENCHES[name]
        _say(f"\n{name}")
        _say(_line(headings))
        kept, started = list[Sequence[str]](), monotonic()
        for row in rows(arguments):
            _say(_line(row))
            kept.append(row)
        _say(f"took {(monotonic() - started) / 60:.0f} min")
        if arguments.json is not None:
            keep(arguments.json, name, headings=headings, rows=kept)


def _say_how_long(names: Sequence[str]) -> None:
    if known := [MINUTES[name] for name in names if name in MINUTES]:
        _say(f"takes about {sum(known)} minutes on a machine left alone")


def _named(names: Sequence[str]) -> Sequence[str]:
    """Those that stand beside the peers, if none is; `voice` is all of its parts."""
    parts = (VOICE if name == "voice" else [name] for name in names or MINUTES)
    return [one for each in parts for one in each]


def _line(cells: Sequence[str]) -> str:
    first, *rest = cells
    return f"{first:<38}" + "".join(f"{cell:>16}" for cell in rest)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command's answer


if __name__ == "__main__":
    main()
