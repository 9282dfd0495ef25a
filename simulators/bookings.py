"""Fills a day's book with all that real books hold."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from simulators.chance import deal, new_id
from simulators.days import slots
from simulators.records import (
    Appointment,
    AppointmentType,
    Attendee,
    Meaning,
    Practice,
    Practitioner,
    Stated,
)

# name, minutes (not always known), telehealth, how common
TYPES = (
    ("Standard consult", 15, False, 30),
    ("Long consult", 30, False, 12),
    ("New patient", 45, False, 8),
    ("Procedure", 60, False, 5),
    ("Telehealth consult", 15, True, 20),
    ("Phone consult", 10, True, 8),
    ("Video review", 20, True, 6),
    ("Telehealth - new patient", 45, True, 4),
    ("Telehealth admin", 15, False, 2),
    ("Recall", None, False, 3),
    ("Video, length open", None, True, 2),
)
STATUSES = {
    Meaning.BOOKED: 60,
    Meaning.CONFIRMED: 8,
    Meaning.ARRIVED: 8,
    Meaning.IN_PROGRESS: 2,
    Meaning.COMPLETED: 8,
    Meaning.CANCELLED: 8,
    Meaning.NO_SHOW: 3,
    Meaning.UNKNOWN: 1,
}
EXTENTS = {
    Stated.BOTH: 80,
    Stated.END: 6,
    Stated.MINUTES: 7,
    Stated.NEITHER: 4,
    Stated.CONFLICT: 1,
}
PARTIES = {"one": 90, "group": 4, "block": 6}
BLOCKS = ("Lunch", "Meeting", "Do not book", "On call", "Admin time")
TITLES = (None, None, "Review", "Follow up", "First visit", "Results")
NOTES = (
    None,
    None,
    None,
    "Prefers mornings",
    "Interpreter needed",
    "Line one\nline two",
    "Said “please ring twice”: 5 < 6 & so on",
)
NEVER = datetime.max.replace(tzinfo=UTC)
CAME = {Meaning.ARRIVED, Meaning.IN_PROGRESS, Meaning.COMPLETED}


def types(rng: random.Random) -> tuple[AppointmentType, ...]:
    return tuple(
        AppointmentType(id=new_id(rng), name=name, minutes=minutes, is_telehealth=remote)
        for name, minutes, remote, _ in TYPES
    )


def fill(practice: Practice, day: date, count: int, rng: random.Random) -> Iterator[Appointment]:
    """Book `count` appointments on the practice's own day."""
    weights = {kind.id: row[3] for kind, row in zip(practice.types, TYPES, strict=True)}
    decks = zip(
        deal(rng, {**weights, None: 3}, count),
        deal(rng, STATUSES, count),
        deal(rng, EXTENTS, count),
        deal(rng, PARTIES, count),
        strict=True,
    )
    for (worker, start, room), (type_id, meaning, stated, party) in zip(
        _places(practice, day, count, rng), decks, strict=False
    ):
        draft = Appointment(
            id=new_id(rng),
            practitioner_id=worker.id,
            start=start,
            minutes=max(5, min(room, _minutes(practice, type_id, rng))),
            stated=stated,
            variant=rng.randrange(1000),
        )
        yield _attend(draft, practice, (type_id, meaning, party), rng)


def _places(
    practice: Practice, day: date, count: int, rng: random.Random
) -> Iterator[tuple[Practitioner, datetime, int]]:
    """Who, when, and how many minutes until their next one."""
    workers = {worker.id: worker for worker in practice.at_work}
    shares = Counter(rng.choices(list(workers), k=count))
    for worker_id, share in sorted(shares.items()):
        worker = workers[worker_id]
        open_slots = slots(day, (worker.opens, worker.closes), practice.zone)
        starts = _starts(open_slots, share, rng)
        for start, following in pairwise([*starts, NEVER]):
            yield worker, start, int((following - start) / timedelta(minutes=1))


def _starts(open_slots: list[datetime], count: int, rng: random.Random) -> list[datetime]:
    """The first slot is always taken, so books that open at midnight have a row on the boundary."""
    if not open_slots:
        return []
    if count > len(open_slots):
        return sorted([*open_slots, *rng.choices(open_slots, k=count - len(open_slots))])
    return sorted([open_slots[0], *rng.sample(open_slots[1:], k=count - 1)])


def _minutes(practice: Practice, type_id: str | None, rng: random.Random) -> int:
    usual = next((each.minutes for each in practice.types if each.id == type_id), None)
    return usual or rng.choice((10, 15, 20, 25, 40))


def _attend(
    draft: Appointment,
    practice: Practice,
    cards: tuple[str | None, Meaning, str],
    rng: random.Random,
) -> Appointment:
    type_id, meaning, party = cards
    if party == "block":
        return replace(draft, title=rng.choice(BLOCKS))
    patients = rng.sample(practice.patients, k=rng.randint(2, 5) if party == "group" else 1)
    came = draft.start - timedelta(minutes=rng.randrange(20)) if meaning in CAME else None
    called_off = draft.start - timedelta(hours=rng.randint(1, 72))
    return replace(
        draft,
        type_id=type_id,
        meaning=meaning,
        attendees=tuple(Attendee(patient.id, came) for patient in patients),
        cancelled_at=called_off if meaning is Meaning.CANCELLED else None,
        title=rng.choice(TITLES),
        notes=rng.choice(NOTES),
    )
