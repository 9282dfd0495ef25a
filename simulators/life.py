"""A practice's day as it happens: small random changes, the same for the same seed."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta

from simulators import people
from simulators.chance import chance, happens, new_id
from simulators.clinic import Clinic
from simulators.days import slots
from simulators.records import Appointment, Attendee, Meaning

Happening = Callable[[Clinic, random.Random], None]

_LEFT_FREE = {Meaning.CANCELLED, Meaning.NO_SHOW}


def live(clinic: Clinic, changes: int, seed: object) -> None:
    """Let `changes` things happen."""
    rng = chance("life", seed)
    with clinic.lock:
        for _ in range(changes):
            happening = rng.choices(list(HAPPENINGS), list(HAPPENINGS.values()))[0]
            happening(clinic, rng) if _open(clinic) else _new_booking(clinic, rng)


def _open(clinic: Clinic) -> list[Appointment]:
    """Appointments with a patient that are still to come."""
    return [
        each
        for each in clinic.appointments.values()
        if each.attendees and each.meaning in {Meaning.BOOKED, Meaning.CONFIRMED}
    ]


def _pick(clinic: Clinic, rng: random.Random) -> Appointment:
    return rng.choice(_open(clinic))


def _another_time(clinic: Clinic, rng: random.Random) -> None:
    found = _pick(clinic, rng)
    day = clinic.day_of(found)
    start = _slot(clinic, found.practitioner_id, day, found.minutes, rng)
    while start == found.start:
        start = _slot(clinic, found.practitioner_id, day, found.minutes, rng)
    clinic.reschedule(found.id, start)


def _another_day(clinic: Clinic, rng: random.Random) -> None:
    found = _pick(clinic, rng)
    today = clinic.day_of(found)
    others = [day for day in clinic.days if day != today] or [today + timedelta(days=7)]
    start = _slot(clinic, found.practitioner_id, rng.choice(others), found.minutes, rng)
    clinic.reschedule(found.id, start)


def _another_practitioner(clinic: Clinic, rng: random.Random) -> None:
    found = _pick(clinic, rng)
    others = [each.id for each in clinic.practice.at_work if each.id != found.practitioner_id]
    free = [each for each in others if _free(clinic, each, [found.start], found.minutes)]
    clinic.reassign(found.id, rng.choice(free or others or [found.practitioner_id]))


def _cancel(clinic: Clinic, rng: random.Random) -> None:
    clinic.cancel(_pick(clinic, rng).id)


def _delete(clinic: Clinic, rng: random.Random) -> None:
    clinic.delete(_pick(clinic, rng).id)


def _arrive(clinic: Clinic, rng: random.Random) -> None:
    clinic.arrive(_pick(clinic, rng).id)


def _new_booking(clinic: Clinic, rng: random.Random) -> None:
    worker = rng.choice(clinic.practice.at_work)
    day = rng.choice(clinic.days) if clinic.days else date(2026, 1, 5)
    minutes = rng.choice((10, 15, 30))
    clinic.add(
        Appointment(
            id=new_id(rng),
            practitioner_id=worker.id,
            start=_slot(clinic, worker.id, day, minutes, rng),
            minutes=minutes,
            variant=rng.randrange(1000),
            attendees=(Attendee(_somebody(clinic, rng)),),
            type_id=rng.choice(list(clinic.types)),
        )
    )


def _somebody(clinic: Clinic, rng: random.Random) -> str:
    """Mostly a known patient, sometimes a new one."""
    if happens(rng, 0.7):
        return rng.choice(list(clinic.patients))
    return clinic.register(people.patient(rng, "plain", clinic.country)).id


def _rename(clinic: Clinic, rng: random.Random) -> None:
    patient_id = _pick(clinic, rng).attendees[0].patient_id
    patient = clinic.patients[patient_id]
    clinic.rename(
        patient_id, patient.first, f"{patient.last.split('-')[0]}-{rng.choice(people.FAMILY)}"
    )


def _rephone(clinic: Clinic, rng: random.Random) -> None:
    patient_id = _pick(clinic, rng).attendees[0].patient_id
    clinic.rephone(patient_id, people.phone(rng, clinic.country))


def _slot(
    clinic: Clinic, practitioner_id: str, day: date, minutes: int, rng: random.Random
) -> datetime:
    """A time at which they are free while there is one: hardly anybody books two at once."""
    worker = clinic.practitioners[practitioner_id]
    hours = slots(day, (worker.opens, worker.closes), clinic.zone)
    return rng.choice(_free(clinic, practitioner_id, hours, minutes) or hours)


def _free(
    clinic: Clinic, practitioner_id: str, starts: Sequence[datetime], minutes: int
) -> list[datetime]:
    """Those of some instants, in order, from which nobody is booked for so long."""
    length = timedelta(minutes=minutes)
    first, last = starts[0], starts[-1] + length
    held = [
        (each.start, each.end)
        for each in clinic.book(practitioner_id)
        if each.start < last and each.end > first and each.meaning not in _LEFT_FREE
    ]
    return [at for at in starts if not any(start < at + length and at < end for start, end in held)]


HAPPENINGS: Mapping[Happening, int] = {
    _another_time: 20,
    _another_day: 8,
    _another_practitioner: 8,
    _cancel: 10,
    _delete: 5,
    _new_booking: 20,
    _rename: 4,
    _rephone: 6,
    _arrive: 19,
}
