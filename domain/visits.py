"""When a scan, a person's entry and a PMS's row stand for one and the same visit."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

from domain.names import Likeness, Name, is_identifier, likeness, read, rotations, turned

Key = TypeVar("Key")

# Half of the shortest slot that most books use (15 or 20 minutes), rounded up to what people round
# to: a scan or a person is off by 5 or 10, the next patient of a family begins 15 later.
NEAR = timedelta(minutes=10)

UNRELATED, DOUBTFUL = -1, 0
MAY_BE_DOUBLE = "may_be_double"
KEPT_APART = "kept_apart"
"""Flags of a row: it may stand for a visit that is there already; a person said it does not."""

WORTH: Mapping[Likeness, int] = {
    Likeness.FAMILY_ALONE: 1,
    Likeness.INITIAL: 2,
    Likeness.FIRST_NAME: 3,
    Likeness.EXACT: 4,
}
MISREAD = str.maketrans("01358", "olesb")
LONG_ENOUGH = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What tells one visit from another; `starts` has the PMS's time beside a person's.

    The phone is in E.164. `clinician` is None unless a PMS may know them too.
    """

    starts: tuple[datetime, ...]
    name: Name | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    date_of_birth: str | None = field(default=None, repr=False)
    clinician: UUID | None = None


@dataclass(frozen=True, slots=True)
class Found(Generic[Key]):
    """The one that is meant, or none; `is_doubtful` when a person should look."""

    key: Key | None
    is_doubtful: bool = False


def find(visit: Visit, others: Iterable[tuple[Key, Visit]]) -> Found[Key]:
    """The one that is surely the same visit; two equally good ones are none."""
    best: dict[Key, tuple[int, timedelta]] = {}
    for key, other in others:
        told = evidence(visit, other)
        if told > UNRELATED:
            here = told, -_apart(visit, other)
            best[key] = max(here, best.get(key, here))
    alike = {key: how for key, how in best.items() if how[0] > DOUBTFUL}
    if not alike:
        return Found(None, is_doubtful=bool(best))
    strongest = max(alike.values())
    keys = [key for key, how in alike.items() if how == strongest]
    return Found(keys[0]) if len(keys) == 1 else Found(None, is_doubtful=True)


def evidence(one: Visit, other: Visit) -> int:
    """How much says that these are one visit: UNRELATED, DOUBTFUL, or more for more."""
    if _apart(one, other) > NEAR or _differ(one.clinician, other.clinician):
        return UNRELATED
    born = _agree(one.date_of_birth, other.date_of_birth)
    phone = _agree(one.phone, other.phone)
    told = born + phone
    if one.name is None or other.name is None:
        misborn = _differ(one.date_of_birth, other.date_of_birth)
        return _doubted(2 * told, doubt=misborn) if told else UNRELATED
    worth, is_sure = _worth(one.name, other.name)
    if not worth:
        return DOUBTFUL if told else UNRELATED
    misborn = _differ(one.date_of_birth, other.date_of_birth) and not phone
    is_weak = not is_sure and not told and not _same_slot(one, other)
    return _doubted(worth + 2 * told, doubt=misborn or is_weak)


def repeats(one: Visit, other: Visit) -> bool:
    """The same reading over again, even where it names nobody."""
    here, there = (replace(visit, starts=()) for visit in (one, other))
    return here == there and not set(one.starts).isdisjoint(other.starts)


def one_person(
    named: Iterable[tuple[Hashable, UUID | None, str]],
) -> Mapping[UUID, UUID]:
    """Columns of one clinician, each with the first of them: of practice, column and name there.

    Two practices call them the same, and nobody else of theirs. Who stand beside one another at one
    practice are two people, whatever another calls them.
    """
    called: dict[tuple[str, ...], set[tuple[Hashable, UUID | None]]] = defaultdict(set)
    at: dict[UUID, set[Hashable]] = defaultdict(set)
    for practice, column, name in named:
        called[() if is_identifier(name) else read(name).words].add((practice, column))
        if column is not None:
            at[column].add(practice)
    found: dict[UUID, UUID] = {}
    for words, those in called.items():
        columns = sorted({column for _, column in those if column is not None})
        where = [practice for column in columns for practice in at[column]]
        is_clear = len(those) == len({practice for practice, _ in those})
        if words and columns and is_clear and len(where) == len(set(where)):
            found |= dict.fromkeys(columns[1:], columns[0])
    return found


def _doubted(evidence: int, *, doubt: bool) -> int:
    return DOUBTFUL if doubt else evidence


def _worth(one: Name, other: Name) -> tuple[int, bool]:
    """What the names say, 0 when they are two people's; and whether it needs no more to agree."""
    how = likeness(one, other)
    if how is not Likeness.UNLIKE:
        return WORTH[how], how is not Likeness.FAMILY_ALONE
    how = turned(one, other)
    if how > Likeness.FAMILY_ALONE:
        return WORTH[how] - 1, False
    return WORTH[Likeness.FAMILY_ALONE] if _is_misspelt(one, other) else 0, False


def _same_slot(one: Visit, other: Visit) -> bool:
    """The same clinician at the same minute: a family name alone will do."""
    return not _apart(one, other) and bool(_agree(one.clinician, other.clinician))


def _apart(one: Visit, other: Visit) -> timedelta:
    return min(abs(here - there) for here in one.starts for there in other.starts)


def _agree(one: object, other: object) -> int:
    return int(one is not None and one == other)


def _differ(one: object, other: object) -> bool:
    return one is not None and other is not None and one != other


def _is_misspelt(one: Name, other: Name) -> bool:
    """Word by word the same, from any on, but for what a scan or a hurried hand gets wrong."""
    if len(one.words) != len(other.words) or len(one.words) < len(("given", "family")):
        return False
    there = [_read_right(word) for word in other.words]
    return any(all(map(_nearly, map(_read_right, here), there)) for here in rotations(one))


def _read_right(word: str) -> str:
    return word.translate(MISREAD).replace("rn", "m").replace("vv", "w")


def _nearly(one: str, other: str) -> bool:
    """One letter wrong, missing, too many, or two swapped; a short word has none to spare."""
    short, long = sorted((one, other), key=len)
    if short == long:
        return True
    if len(long) < LONG_ENOUGH or len(long) - len(short) > 1:
        return False
    pairs = enumerate(zip(short, long, strict=False))
    at = next((place for place, (here, there) in pairs if here != there), len(short))
    rest = at + 1 if len(short) == len(long) else at
    swapped = short[at : at + 2][::-1] + short[at + 2 :]
    return long[at + 1 :] == short[rest:] or long[at:] == swapped
