"""A recorded run: what its PMS and our sheet told it, and what was made of that, to be compared."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from domain.appointments import Appointment
from domain.connections import Connection
from domain.errors import BadInput
from domain.intake import belongs
from domain.sheet import as_json
from domain.sources import Reject
from domain.window import Window

NOT_KEPT = "This practice leaves out {extras}, and a recording would hold them: none is made of it."

Row = Mapping[str, Any]


class NotRecorded(Exception):
    """A replay was asked for what the recording does not hold; no vendor's error, nobody retries.

    Its text may name what was looked for at the PMS, and goes to nobody but who replays.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request, without what signs it: by `path` and `body` it is known again.

    `headers` are the names of those that are read of its answer; `hidden` is what must not be kept,
    wherever the answer repeats it.
    """

    method: str
    path: str = field(repr=False)
    body: str = field(default="", repr=False)
    headers: frozenset[str] = frozenset()
    hidden: Sequence[str] = field(default=(), repr=False)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """The order of its parameters is no part of it."""
        parts = urlsplit(self.path)
        asked = sorted(parse_qsl(parts.query, keep_blank_values=True))
        return self.method, parts.path, json.dumps(asked), self.body

    @property
    def sentence(self) -> str:
        return f"{self.method} {self.path} {self.body}".strip()


class Keep(Protocol):
    """Appends one part to a recording; the bytes are an answer's."""

    def __call__(self, part: Mapping[str, Any], body: bytes = b"") -> None: ...


@dataclass(slots=True)
class Made:
    """What a run made of what it was told: every row as it was last read, every record set aside.

    Rows go by appointment and patient, records set aside by where they were and why.
    """

    rows: dict[str, Row] = field(default_factory=dict, repr=False)
    aside: list[str] = field(default_factory=list)
    status: str = ""
    message: str | None = field(default=None)
    requests: Counter[str] = field(default_factory=Counter, repr=False)

    def read(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.rows[f"{row['pms_id']}/{row.get('patient_pms_id') or ''}"] = row

    def set_aside(self, told: Iterable[str]) -> None:
        """Of each once: an attempt after another meets the same records."""
        self.aside += [one for one in told if one not in self.aside]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """How a replay differs from the run itself."""

    only_then: Sequence[Row] = field(repr=False)
    only_now: Sequence[Row] = field(repr=False)
    changed: Mapping[str, Mapping[str, tuple[Any, Any]]] = field(repr=False)
    aside_then: Sequence[str]
    aside_now: Sequence[str]
    ended: tuple[str, str] | None

    @property
    def is_same(self) -> bool:
        rows = self.only_then or self.only_now or self.changed
        return not (rows or self.aside_then or self.aside_now or self.ended)


def compare(then: Made, now: Made) -> Compared:
    """Row by row and field by field."""
    both = then.rows.keys() & now.rows.keys()
    changed = {key: _differing(then.rows[key], now.rows[key]) for key in sorted(both)}
    ended = [f"{one.status}: {one.message}" if one.message else one.status for one in (then, now)]
    return Compared(
        only_then=[row for key, row in then.rows.items() if key not in both],
        only_now=[row for key, row in now.rows.items() if key not in both],
        changed={key: fields for key, fields in changed.items() if fields},
        aside_then=[one for one in then.aside if one not in now.aside],
        aside_now=[one for one in now.aside if one not in then.aside],
        ended=None if ended[0] == ended[1] else (ended[0], ended[1]),
    )


def row_of(read: Appointment, connection: Connection, window: Window) -> Row:
    """A record as it was read, and whether it belongs on the sheet of these days."""
    told = {name: one for name, one in as_json(read).items() if name not in {"origin", "patient"}}
    patient = as_json(read.patient) if read.patient else {}
    return {
        **told,
        "flags": sorted(read.flags),
        **{f"patient_{name}": one for name, one in patient.items()},
        "on_sheet": belongs(read, connection) and read.start in window,
    }


def aside_of(query_key: str, reject: Reject) -> str:
    """A record that could not be read: where, which, and why, in words that quote nothing."""
    told = (query_key, reject.pms_id or "without an id", reject.path, reject.reason)
    return ": ".join(one for one in told if one)


def refuse_left_out(connection: Connection) -> None:
    """What a practice does not let us have is kept nowhere, and a recording is what came."""
    if connection.left_out:
        extras = ", ".join(sorted(one.value for one in connection.left_out))
        raise BadInput(NOT_KEPT.format(extras=extras))


def _differing(then: Row, now: Row) -> dict[str, tuple[Any, Any]]:
    names = {**then, **now}
    pairs = {name: (then.get(name), now.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
