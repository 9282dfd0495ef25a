"""The vendor's copy of a practice: everything is read from it, and it is as old as its refresh."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simulators.records import Appointment, Patient
from simulators.sikka.offices import Location

Json = dict[str, Any]
Render = Callable[["Copy", Any], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    location: Location
    taken_at: datetime
    appointments: Mapping[str, Appointment]
    patients: Mapping[str, Patient]
    placed: Mapping[str, Json]
    details: Mapping[str, Json]
    notes: tuple[Json, ...]
    transactions: tuple[Json, ...]
    touched: Mapping[str, datetime]
    loaded: Mapping[str, datetime] = field(default_factory=dict)  # what a later refresh brought

    def loaded_at(self, id_: str) -> datetime:
        return self.loaded.get(id_) or self.location.clinic.created_at(id_)

    def updated_at(self, id_: str) -> datetime:
        return self.touched.get(id_) or self.location.clinic.created_at(id_)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One record that a refresh has found new, different or gone."""

    kind: str  # "appointments" or "patients"
    flag: str
    id: str
    loaded_at: datetime
    record: Json
    changes: tuple[Json, ...] = ()


def take(
    location: Location, at: datetime, before: Copy | None, renders: Mapping[str, Render]
) -> tuple[Copy, list[Event]]:
    clinic = location.clinic
    with clinic.lock:
        taken = Copy(
            location=location,
            taken_at=at,
            appointments=dict(clinic.appointments),
            patients=dict(clinic.patients),
            placed=dict(location.placed),
            details=dict(location.details),
            notes=tuple(location.notes),
            transactions=tuple(location.transactions),
            touched=dict(clinic.touched_at),
            loaded=dict(before.loaded) if before else {},
        )
    if before is None:
        return taken, []
    events = [event for kind in renders for event in _compared(kind, before, taken, renders[kind])]
    return _loaded(taken, events), events


def _loaded(taken: Copy, events: list[Event]) -> Copy:
    assert isinstance(taken.loaded, dict)  # noqa: S101 - made above, nobody else has it yet
    taken.loaded.update({event.id: event.loaded_at for event in events})
    return taken


def _compared(kind: str, before: Copy, after: Copy, render: Render) -> Iterator[Event]:
    old: Mapping[str, Any] = getattr(before, kind)
    new: Mapping[str, Any] = getattr(after, kind)
    for id_, row in new.items():
        if id_ not in old:
            yield _event(kind, "Added", id_, after, render(after, row))
        elif row is not old[id_] or _beside(before, id_) is not _beside(after, id_):
            was, now = render(before, old[id_]), render(after, row)
            yield _event(kind, "updated", id_, after, now, _changes(was, now))
    for id_ in old.keys() - new.keys():
        yield _event(kind, "Deleted", id_, after, render(before, old[id_]))


def _beside(copy: Copy, id_: str) -> Json | None:
    return copy.placed.get(id_) or copy.details.get(id_)


def _event(
    kind: str, flag: str, id_: str, copy: Copy, record: Json, changes: tuple[Json, ...] = ()
) -> Event:
    return Event(
        kind=kind, flag=flag, id=id_, loaded_at=copy.taken_at, record=record, changes=changes
    )


def _changes(was: Json, now: Json) -> tuple[Json, ...]:
    return tuple(
        {"field": name, "old_value": was[name], "new_value": now[name]}
        for name in now
        if was[name] != now[name] and name != "rowhash"
    )
