"""Runs the benches named, or all but the long ones, and prints a table for each.

python -m bench [pipeline] [day] [throttle --redis-url URL ...] [--many 300]
"""

import os
import platform
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence

from bench import day, pipeline, throttle

Rows = Callable[[int], Iterator[Sequence[str]]]

BENCHES: Mapping[str, tuple[Sequence[str], Rows]] = {
    "pipeline": (pipeline.HEADINGS, lambda _: pipeline.rows()),
    "day": (day.HEADINGS, lambda many: day.rows(many=many)),
}


def main() -> None:
    if sys.argv[1:2] == ["throttle"]:
        sys.argv = sys.argv[1:]
        throttle.main()
        return
    parser = ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHES], help="all when none is named")
    parser.add_argument("--many", type=int, default=0, help="also a day of so many requests")
    arguments = parser.parse_args()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    _say(f"{os.cpu_count()} cores, Python {platform.python_version()}, load {load}")
    for name in arguments.names or BENCHES:
        headings, rows = BENCHES[name]
        _say(f"\n{name}")
        _say(_line(headings))
        for row in rows(arguments.many):
            _say(_line(row))


def _line(cells: Sequence[str]) -> str:
    first, *rest = cells
    return f"{first:<38}" + "".join(f"{cell:>16}" for cell in rest)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command's answer


if __name__ == "__main__":
    main()
