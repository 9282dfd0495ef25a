"""People known by things that nobody else is known by, put in a simulated practice's place."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from simulators.clinic import Clinic
from simulators.records import Attendee

AREAS = ("212", "213", "305", "312", "404", "415")


def canaries(number: int) -> dict[str, str]:
    """What one patient is known by, and nobody else."""
    mark = f"{number:03}"
    return {
        "first": f"Quillonia{_letters(number)}",
        "last": f"Zephyrtree{_letters(number)}",
        "phone": f"{AREAS[number // 100]}55501{number % 100:02}",
        "phone as shown": f"({AREAS[number // 100]}) 555-01{number % 100:02}",
        "landline": f"39111{7000 + number}",
        "landline as shown": f"9111 {7000 + number}",
        "email": f"quillonia{mark}@zephyrtree.example",
        "born": (date(1911, 1, 1) + timedelta(days=number)).isoformat(),
        "note": f"sclerotherapy-canary-{mark}x",
        "title": f"title-canary-{mark}x",
    }


def _letters(number: int) -> str:
    """Names are spoken on the telephone: they hold no digits."""
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number:03}") + "x"


def plant(clinics: Iterable[Clinic], *, count: int) -> int:
    """The first patients become canaries, and every visit is one of theirs; how many there are."""
    planted = 0
    for own in clinics:
        with own.lock:
            known = list(own.patients.items())[:count]
            for number, (key, patient) in enumerate(known):
                mine = canaries(number)
                own.patients[key] = replace(
                    patient,
                    first=mine["first"],
                    last=mine["last"],
                    phones=(mine["phone"] if own.country == "US" else f"0{mine['landline']}",),
                    email=mine["email"],
                    born_on=date.fromisoformat(mine["born"]),
                    is_deceased=False,
                )
            _visit(own, [key for key, _ in known])
            planted += len(known)
    return planted


def _visit(own: Clinic, patient_ids: list[str]) -> None:
    """Each of them in turn, where somebody comes at all."""
    visited = [one for one in own.appointments.values() if one.attendees]
    shared = []
    for number, one in enumerate(visited):
        whose = number % len(patient_ids)
        mine = canaries(whose)
        attendee = Attendee(patient_id=patient_ids[whose])
        shared.append(replace(one, attendees=(attendee,), notes=mine["note"], title=mine["title"]))
    own.fill(shared)
