"""Which faults a run has, in what order and when: the same for the same seed."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table of faults: how many of a thousand, how many of the short run's 62."""

    name: str
    long: int
    short: int
    variants: Sequence[Mapping[str, Any]] = ({},)
    of_vendor: bool = True


@dataclass(frozen=True, slots=True)
class Fault:
    """When it comes, as a share of the run; `pick` is its own die, in [0, 1)."""

    at: float
    kind: str
    of_vendor: bool
    pick: float
    variant: Mapping[str, Any] = field(default_factory=dict)


def _script(name: str, **more: Any) -> Mapping[str, Any]:
    return {"fault": name, **more}


SLOW = _script("slow", seconds=6)
TIMED_OUT = _script("slow", seconds=33)
BURST = _script("401", times=3)

KINDS = (
    Kind(
        "vendor 429, with and without Retry-After",
        200,
        10,
        # Where no time is told, a vendor is left alone for half a minute or a whole one.
        [*[_script("429", seconds=3)] * 4, _script("429-bare")],
    ),
    Kind("vendor 500, 502, 503", 200, 10, [_script("500"), _script("502"), _script("503")]),
    Kind(
        "vendor time-out, reset, slow body",
        150,
        8,
        [
            _script("reset"),
            SLOW,
            {"line": "delay", "seconds": 3},
            {"line": "truncate", "seconds": 2},
            _script("cut"),
            {"line": "drop", "seconds": 2},
            {"line": "half-open", "seconds": 6},
            _script("reset"),
            TIMED_OUT,
        ],
    ),
    Kind(
        "truncated JSON, wrong type, HTML with 200",
        120,
        8,
        [_script("truncated"), _script("html"), _script("wrong-type"), _script("missing-list")],
    ),
    Kind(
        "page repeated, reordered; cursor changed; row moved",
        120,
        8,
        [
            _script("repeated-page"),
            _script("moved-cursor"),
            {"order": True},
            {"move": True},
            _script("endless-cursor"),
        ],
    ),
    Kind(
        "token expired or refused, 401 burst",
        60,
        5,
        [{"expire": True}, _script("401"), BURST],
    ),
    Kind("kill -9 of a worker in mid-page", 80, 5, of_vendor=False),
    Kind("SIGTERM to a worker", 20, 2, of_vendor=False),
    Kind(
        "kill -9 of scheduler or ingress",
        25,
        3,
        [{"part": "scheduler"}, {"part": "ingress"}],
        of_vendor=False,
    ),
    Kind(
        "Redis killed and started empty",
        12,
        1,
        [{"server": "redis", "seconds": one} for one in (2, 6, 1, 12, 20)],
        of_vendor=False,
    ),
    Kind("Redis stalled for 7 s", 6, 1, [{"stall": 7}], of_vendor=False),
    Kind(
        "Postgres restarted, at once or in order",
        7,
        1,
        [
            {"server": "postgres", "signal": "SIGQUIT", "seconds": 2},
            {"server": "postgres", "signal": "SIGINT", "seconds": 1},
            {"server": "postgres", "signal": "SIGQUIT", "seconds": 10},
        ],
        of_vendor=False,
    ),
)
SHORT, LONG = sum(one.short for one in KINDS), sum(one.long for one in KINDS)


def counts(faults: int) -> list[int]:
    """How many of each kind: the table's own numbers, and in proportion for any other size."""
    if faults == SHORT:
        return [one.short for one in KINDS]
    exact = [one.long * faults / LONG for one in KINDS]
    whole = [int(one) for one in exact]
    by_rest = sorted(range(len(KINDS)), key=lambda place: whole[place] - exact[place])
    for place in by_rest[: faults - sum(whole)]:
        whole[place] += 1
    return whole


def planned(faults: int, *, seed: int) -> list[Fault]:
    """Spread evenly over the run and shuffled, each kind through its variants in turn."""
    dice = random.Random(seed)  # noqa: S311 - a test's dice
    drawn = [
        (kind, kind.variants[number % len(kind.variants)])
        for kind, count in zip(KINDS, counts(faults), strict=True)
        for number in range(count)
    ]
    dice.shuffle(drawn)
    return [
        Fault(
            at=(place + dice.random()) / len(drawn),
            kind=kind.name,
            of_vendor=kind.of_vendor,
            pick=dice.random(),
            variant=variant,
        )
        for place, (kind, variant) in enumerate(drawn)
    ]
