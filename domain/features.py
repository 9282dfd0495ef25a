"""Switches of an account: what is rolled out to some of them first, and can be taken back."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from domain.desk import Ability
from domain.errors import BadInput

Switches = Mapping[str, bool]
"""What an account has of its own; the rest is as it is by default."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One switch: what is off without it, in words for an operator."""

    says: str
    is_on: bool = True


VOICE_BOOKING, SHEET_PUSHES = "voice_booking", "sheet_pushes"
PATIENT_CACHE, REFERENCE_CACHE = "patient_cache", "reference_cache"
FEATURES: Mapping[str, Feature] = MappingProxyType(
    {
        VOICE_BOOKING: Feature("callers book, move and cancel; off, they are told what is there"),
        SHEET_PUSHES: Feature("changes on the sheet go to a PMS that takes them (AdvancedMD)"),
        PATIENT_CACHE: Feature(
            "a caller's record is kept for five minutes, sealed, and not asked for by each tool",
            is_on=False,
        ),
        REFERENCE_CACHE: Feature(
            "syncs that read changes take practitioners and types as read within the hour",
            is_on=False,
        ),
    }
)
SPOKEN_WRITES = frozenset(
    {
        Ability.BOOK,
        Ability.RESCHEDULE,
        Ability.CANCEL,
        Ability.CREATE_PATIENT,
        Ability.UPDATE_PATIENT,
        Ability.CHANGE_NAME,
        Ability.CHANGE_CONTACT,
        Ability.ADD_NOTE,
        Ability.ADD_INSURANCE,
        Ability.RECORD_PAYMENT,
    }
)
"""What a caller may have done to the practice's own book."""


def is_on(switches: Switches, name: str) -> bool:
    return bool(switches.get(name, FEATURES[name].is_on))


def every(switches: Switches) -> Switches:
    """Each switch there is, and how it stands."""
    return {name: is_on(switches, name) for name in FEATURES}


def require(names: list[str]) -> None:
    unknown = sorted(set(names) - set(FEATURES))
    if unknown:
        known = ", ".join(FEATURES)
        raise BadInput(f"There is no feature '{unknown[0]}'; there are {known}.")


def spoken(abilities: frozenset[Ability], switches: Switches) -> frozenset[Ability]:
    """What a caller may ask for, of what the practice can do."""
    return abilities if is_on(switches, VOICE_BOOKING) else abilities - SPOKEN_WRITES
