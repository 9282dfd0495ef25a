"""How a vendor keeps a practice's book: what its records can hold, and what they tell of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulators.records import Appointment, Practice

if TYPE_CHECKING:
    from simulators.clinic import Clinic

Json = dict[str, Any]


def _as_it_is(kind: str, id_: str) -> str:
    return id_


def _whole(row: Appointment, practice: Practice) -> Appointment:
    return row


def _all_of_it(clinic: "Clinic", row: Appointment, told: Json) -> list[Json]:
    return [told]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """Each may be asked twice of the same thing and must then change nothing more."""

    ids: Callable[[str, str], str] = _as_it_is  # of an id, by the kind of thing it names
    holds: Callable[[Appointment, Practice], Appointment] = _whole
    # One row of truth, or several where the patients of one appointment fare differently.
    tells: Callable[["Clinic", Appointment, Json], list[Json]] = _all_of_it


WHOLE = Keeping()
