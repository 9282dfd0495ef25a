"""What must become of a row, told as a story from the design and with none of the code's machinery.

Sources: the PMS, people, scans. A manual value stands where it is preferred, and yields where the
PMS is; both changed on a manual-preferred field is a conflict; notes have two parts; a scan fills
what nobody else said.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Prefers(Enum):
    PERSON = "person"
    PMS = "pms"
    BOTH = "both"


PREFERENCES: Mapping[str, Prefers] = {
    "patient_phone": Prefers.PERSON,
    "start": Prefers.PERSON,
    "patient_name": Prefers.PMS,
    "status": Prefers.PMS,
    "duration_minutes": Prefers.PMS,
    "is_telehealth": Prefers.PMS,
    "notes": Prefers.BOTH,
}
"""The design's own table; other fields of a person are as a name is."""


class Nothing(Enum):
    """No value, where None is one: a person may clear a field."""

    TYPED = "typed"


NOTHING = Nothing.TYPED


@dataclass
class FieldStory:
    """One field of one row."""

    prefers: Prefers
    pms: Any = None  # what the PMS says now
    decided_at: Any = None  # what it said when a person last decided
    typed: Any = NOTHING  # a person's value that stands
    kept: Any = NOTHING  # a person's value that had to give way
    scanned: Any = None  # a reading, as long as the PMS says nothing

    @property
    def told(self) -> Any:
        return self.scanned if self.pms is None else self.pms

    @property
    def shown(self) -> Any:
        if self.typed is NOTHING:
            return self.told
        if self.prefers is Prefers.BOTH:
            parts = dict.fromkeys(part for part in (self.told, self.typed) if part is not None)
            return "\n".join(parts)
        return self.typed

    @property
    def is_disputed(self) -> bool:
        """Both changed, and they do not agree."""
        is_typed = self.prefers is Prefers.PERSON and self.typed is not NOTHING
        return is_typed and self.pms != self.decided_at

    def pms_says(self, value: Any) -> None:
        has_changed = value != (self.pms if self.typed is NOTHING else self.decided_at)
        self.pms = value
        if value is not None:
            self.scanned = None
        if self.typed is NOTHING or self.prefers is Prefers.BOTH or not has_changed:
            return
        if value == self.typed:
            self.typed = NOTHING
        elif self.prefers is Prefers.PMS:
            self.typed, self.kept = NOTHING, self.typed

    def person_types(self, value: Any) -> None:
        if value == self.typed or (
            self.typed is NOTHING and value == self.pms and not self.scanned
        ):
            return
        if self.prefers is Prefers.BOTH and value is None:
            self.person_undoes()
            return
        says_the_same = value == self.pms and not self.scanned and self.prefers is not Prefers.BOTH
        if says_the_same:
            self.typed = self.kept = NOTHING
            return
        if not self.is_disputed:
            self.decided_at = self.pms
        self.typed, self.kept = value, NOTHING

    def person_undoes(self) -> None:
        if self.typed is NOTHING:
            self.kept = NOTHING
        self.typed = NOTHING

    def person_chooses(self, choice: str) -> None:
        if choice == "mine":
            self.decided_at = self.pms
        else:
            self.kept, self.typed = self.typed, NOTHING

    def scan_reads(self, value: Any) -> None:
        if value is not None and self.pms is None and not self.is_disputed:
            self.scanned = value


@dataclass
class RowStory:
    """One row: its fields, and every value people ever typed into it."""

    fields: dict[str, FieldStory]
    typed: list[tuple[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, names: Iterable[str]) -> "RowStory":
        return cls({name: FieldStory(PREFERENCES[name]) for name in names})

    def pms_says(self, values: Mapping[str, Any]) -> None:
        for name, story in self.fields.items():
            if name in values:
                story.pms_says(values[name])

    def person_types(self, name: str, value: Any) -> None:
        self.typed.append((name, value))
        self.fields[name].person_types(value)

    @property
    def shown(self) -> dict[str, Any]:
        return {name: story.shown for name, story in self.fields.items()}

    @property
    def disputes(self) -> dict[str, tuple[Any, Any]]:
        """Each open conflict's field with what the person and what the PMS says."""
        return {
            name: (story.typed, story.pms)
            for name, story in self.fields.items()
            if story.is_disputed
        }

    @property
    def given_way(self) -> dict[str, Any]:
        return {
            name: story.kept for name, story in self.fields.items() if story.kept is not NOTHING
        }

    def lost(self, remembered: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
        """Typed values that are found nowhere among those shown, kept or remembered."""
        known = set(remembered)
        for name, value in self.typed:
            parts = {str(told) for field, told in known if field == name and told is not None}
            in_notes = name == "notes" and any(str(value) in told for told in parts)
            if value is not None and (name, value) not in known and not in_notes:
                yield name, value
