"""A vendor's status words in ours; unknown ones are booked, kept and counted."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from adapters.rest.record import Record
from domain.appointments import Status

_SEPARATORS = re.compile(r"[\s\-_]+")
NONE_OF_ITS_OWN: Mapping[str, Status] = MappingProxyType({})
_NAMEABLE = re.compile(r"[a-z0-9_.]{1,32}")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an appointment stands; `raw` is the vendor's word where it had to be guessed."""

    status: Status
    raw: str | None = None
    removed: bool = False


def plain(word: str) -> str:
    """The word without case, and with one kind of separator."""
    return _SEPARATORS.sub("_", word.strip().casefold())


class Words:
    """A vendor's plain words for each status; an absent word is booked, `removed` never meant.

    `vague` words are documented, mean something between ours, and are shown beside booked.
    """

    def __init__(
        self,
        table: Mapping[Status, Sequence[str]],
        *,
        removed: Sequence[str] = (),
        vague: Sequence[str] = (),
    ) -> None:
        self._vague = frozenset(vague)
        self._known = {
            **{word: Standing(status) for status, words in table.items() for word in words},
            **{word: Standing(Status.CANCELLED, removed=True) for word in removed},
        }

    def read(
        self, record: Record, word: str | None, *, own: Mapping[str, Status] = NONE_OF_ITS_OWN
    ) -> Standing:
        """Where it stands; what the practice says of a word, its `own`, goes before the table."""
        if word is None:
            return Standing(Status.BOOKED)
        key = plain(word)
        if key in own:
            return Standing(own[key])
        if key in self._vague:
            return Standing(Status.BOOKED, raw=word)
        return self._known.get(key) or self._guess(record, word, key)

    def _guess(self, record: Record, word: str, key: str) -> Standing:
        # A word that is no word may hold anything, so the drift report does not repeat it.
        record.drift.append(f"status:{key if _NAMEABLE.fullmatch(key) else 'unprintable'}")
        record.flags.add("unknown_status")
        return Standing(Status.BOOKED, raw=word)
