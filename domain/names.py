"""People's names: putting them together for display, and finding the same person twice."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

TITLES = frozenset(
    {"dr", "doctor", "prof", "professor", "assoc", "associate", "aprof", "a/prof", "mr", "mrs"}
    | {"ms", "miss", "mx", "sr", "sister", "rev", "sir", "dame", "nurse"}
)
DOCTORS = frozenset({"dr", "doctor", "prof", "professor", "assoc", "associate", "aprof", "a/prof"})
# Letters that are somebody's family name too (Do, Pa) are left out.
LETTERS = frozenset(
    {"md", "mbbs", "mbchb", "bmbs", "phd", "dds", "dmd", "bds", "bdsc", "np", "rn", "facc", "facs"}
    | {"fracgp", "fracp", "fracs", "frcp", "frcs", "franzcp", "mrcp", "mrcgp", "oam", "obe", "cbe"}
)
PARTICLES = frozenset(
    {"van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "das", "du", "la", "le"}
    | {"les", "ten", "ter", "zu", "al", "el", "bin", "ibn", "bint"}
)
# Letters that are their own, not a plain one with a mark: what a keyboard without them gives.
PLAIN_LETTERS = str.maketrans(
    {
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "\u0131": "i",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ħ": "h",
    }
)
# Unicode's classes of marks that no reader may leave out: vowel signs, voicing, the killed vowel,
# tones; the others are accents and points, which a keyboard may lack.
VOWELS = frozenset({0, 8, 9, 84, 91, 103, 107, 118, 122, 129, 130, 132})
INVISIBLE = frozenset(
    # Joiners, fillers and selectors of another shape: letters and marks by their class alone.
    {"\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u180f", "\u3164", "\uffa0"}
    | {*map(chr, range(0x180B, 0x180E)), *map(chr, range(0xFE00, 0xFE10))}
    | {*map(chr, range(0xE0100, 0xE01F0))}
)
# Apostrophes that count as letters: the okina, the saltillo, and signs of transliteration.
APOSTROPHES = frozenset({*map(chr, range(0x02B9, 0x02C0)), "\u02c8", "\ua78b", "\ua78c"})
# One name in other letters, and as it is shortened: which of them is written says nothing.
MUHAMMAD = frozenset(
    {"muhammad", "muhammed", "muhamad", "muhamed", "mohammad", "mohammed", "mohamad", "mohamed"}
    | {"mohammod", "mohd", "muhd", "mhd", "md"}
)
SHORTEST_SHOUTED_FAMILY = 3
SHOWN_OF_AN_ID = 4
LONGEST_SAID = 80
_UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)


class Confidence(StrEnum):
    EXACT = "exact"
    LIKELY = "likely"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The key of the one best candidate, or none at all."""

    match: str | None
    confidence: Confidence


NOBODY = Suggestion(None, Confidence.NONE)


class Likeness(IntEnum):
    """How well two names agree, best last."""

    UNLIKE = 0
    FAMILY_ALONE = 1
    INITIAL = 2
    FIRST_NAME = 3
    EXACT = 4


@dataclass(frozen=True, slots=True)
class Name:
    """A name taken apart and folded for comparison, without titles and letters."""

    given: tuple[str, ...]
    family: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        return self.given + self.family


def is_identifier(name: str) -> bool:
    """What a PMS without names gives instead of one: a UUID, or nothing with a letter in it."""
    return bool(_UUID.fullmatch(name.strip())) or not any(letter.isalpha() for letter in name)


def clinician(name: str) -> str:
    """A clinician's name as people see it; an id is cut to the part that tells two apart."""
    if not is_identifier(name):
        return name
    end = name.strip()[-SHOWN_OF_AN_ID:]
    return f"Unnamed clinician (…{end})" if end else "Unnamed clinician"


def is_sayable(name: str) -> bool:
    """Letters of any script with what joins them, as somebody says who they are."""
    return len(name) <= LONGEST_SAID and all(
        unicodedata.category(one)[0] in "LM" or one in " ,.'\u2019-\u2010" for one in name
    )


def is_unheard(name: str) -> bool:
    """Nothing of it is left to compare, and it is no title alone either."""
    titles = TITLES | LETTERS
    told = name.replace(",", " ").split()
    return not read(name).words and not all(_bare(word) in titles for word in told)


def display(
    *, prefix: str | None = None, given: str | None = None, family: str | None = None
) -> str:
    """The parts in reading order, each as the PMS wrote it: a family name is never split."""
    return " ".join(f"{prefix or ''} {given or ''} {family or ''}".split())


def spoken(name: str) -> str:
    """A name that is kept in capitals, in ordinary case; any other as it is written."""
    if not name.isupper():
        return name
    words = enumerate(name.split())
    return " ".join(_in_case(word, may_be_letters=at > 1) for at, word in words)


def suggestion(name: str, candidates: Mapping[str, str]) -> Suggestion:
    """The candidate (key to name) that is most likely meant; two equally good ones are none."""
    wanted = read(name)
    found = {key: likeness(wanted, read(other)) for key, other in candidates.items()}
    best = max(found.values(), default=Likeness.UNLIKE)
    keys = [key for key, how in found.items() if how is best]
    if best is Likeness.UNLIKE or len(keys) > 1:
        return NOBODY
    exact = best is Likeness.EXACT
    return Suggestion(keys[0], Confidence.EXACT if exact else Confidence.LIKELY)


def called(name: str, candidates: Mapping[str, str]) -> list[str]:
    """The keys of those who have every word of it in their name, a first name alone being one."""
    wanted = set(read(name).words)
    return [key for key, other in candidates.items() if wanted and wanted <= set(read(other).words)]


def turned(one: Name, other: Name) -> Likeness:
    """How well they agree if either was written the other way round: the family name first.

    A list in capitals, or a name without a comma, does not say where the family name ends. A word
    that belongs to a family name may be missing, and a hyphen may join or part. What has no word
    agrees with nothing.
    """
    if not one.words or not other.words:
        return Likeness.UNLIKE
    if sorted(one.words) == sorted(other.words):
        return Likeness.EXACT
    if not _spellings(one).isdisjoint(_spellings(other)):
        return Likeness.FIRST_NAME
    return max(likeness(here, there) for here in _readings(one) for there in _readings(other))


def rotations(name: Name) -> list[tuple[str, ...]]:
    """The words begun at any of them."""
    words = name.words
    return [words[at:] + words[:at] for at in range(len(words))]


def likeness(one: Name, other: Name) -> Likeness:
    if not one.family or not other.family:
        return Likeness.UNLIKE
    if one.words == other.words:
        return Likeness.EXACT
    if one.family != other.family:
        return Likeness.UNLIKE
    if not one.given or not other.given:
        return Likeness.FAMILY_ALONE
    return _given_likeness(one.given, other.given)


def read(text: str) -> Name:
    """Take "Dr. John Smith", "SMITH, John" or "Smith, Dr John MBBS" apart."""
    given, family = apart(text)
    return Name(_folded(given), _folded(family))


def apart(text: str) -> tuple[list[str], list[str]]:
    """The words of the given and of the family name as they are written."""
    before, _, after = re.sub(r"\([^)]*\)", " ", text).partition(",")
    front, back = _untitled(before.split()), _untitled(after.replace(",", " ").split())
    is_doctor = any(_bare(word) in DOCTORS for word in before.split()[:1])
    # "Md" is a given name too (Mohammad): letters follow a whole name, or a doctor's family name.
    is_whole = is_doctor or _family_starts(_unlettered(front, least=2)) > 0
    back = _unlettered(back, least=0 if is_whole else 1)
    front = _unlettered(front, least=1 if is_doctor or back else 2)
    at = _family_starts(front)
    shouted = _shouted(front)
    if back:
        given, family = back, front
    elif shouted:
        given, family = front[shouted:], front[:shouted]
    else:
        given, family = front[:at], front[at:]
    return given, family


def as_told(*, given: str, family: str) -> tuple[str, str]:
    """A name that is told in its two parts, as it is written, without titles and letters."""
    first, _ = apart(f"x, {given}")
    _, last = apart(f"{family.replace(',', ' ')}, x")
    return " ".join(first) or given, " ".join(last) or family


def parted(given: str, family: str) -> tuple[str, str]:
    """The two parts of a name, where one of them, or each, was told as the whole of it."""
    first, last = given.split(), family.split()
    one, other = given.casefold().split(), family.casefold().split()
    if one == other and len(one) > 1:
        first, last = apart(given)
    elif len(one) < len(other) and other[: len(one)] == one:
        last = last[len(one) :]
    elif len(one) > len(other) and one[-len(other) :] == other:
        first = first[: -len(other)]
    return " ".join(first), " ".join(last)


def in_parts(*, given: str, family: str) -> Name:
    """A name that is told in its two parts: neither is taken for a whole one, or for letters."""
    return Name(read(f"x, {given}").given, read(f"{family}, x").family)


def _in_case(word: str, *, may_be_letters: bool) -> str:
    """O'Neil, Smith-Jones, McAllister, van; initials and letters stay as they are."""
    plain = _bare(word.rstrip(","))
    if plain in PARTICLES:
        return word.lower()
    is_initials = word.count(".") > 1 and len(plain) < SHORTEST_SHOUTED_FAMILY
    if is_initials or (may_be_letters and plain in LETTERS):
        return word
    made = re.sub(r"[^\W\d_]+", lambda part: part[0].capitalize(), word)
    made = re.sub(r"(?<=\w)(['\u2019])S\b", r"\1s", made)
    return re.sub(r"\bMc([a-z])", lambda part: f"Mc{part[1].upper()}", made)


def _readings(name: Name) -> list[Name]:
    """As it was read, and with each number of its first words as the family name."""
    words = name.words
    return [name, *(Name(words[at:], words[:at]) for at in range(1, len(words)))]


def _spellings(name: Name) -> set[str]:
    """Letters alone, from any word on, without particles; of one word there is nothing to turn."""
    words = tuple(word for word in name.words if word not in PARTICLES)
    if len(words) < 2:  # noqa: PLR2004 - a given and a family name
        return set()
    return {"".join(words[at:] + words[:at]) for at in range(len(words))}


def _given_likeness(one: tuple[str, ...], other: tuple[str, ...]) -> Likeness:
    """A missing middle name contradicts nothing; a different one does."""
    if not all(_agree(*pair) for pair in zip(one, other, strict=False)):
        spelt = _initials(one) == other[0] or _initials(other) == one[0]
        return Likeness.INITIAL if spelt else Likeness.UNLIKE
    in_full = 1 not in (len(one[0]), len(other[0]))
    return Likeness.FIRST_NAME if in_full else Likeness.INITIAL


def _agree(one: str, other: str) -> bool:
    is_initial = 1 in (len(one), len(other)) and one[0] == other[0]
    return one == other or is_initial or {one, other} <= MUHAMMAD


def _initials(words: tuple[str, ...]) -> str:
    return "".join(word[0] for word in words)


def _untitled(words: list[str]) -> list[str]:
    while words and _bare(words[0]) in TITLES:
        words = words[1:]
    return words


def _unlettered(words: list[str], *, least: int) -> list[str]:
    """Without the letters at its end, as far as this many words are left."""
    while len(words) > least and _bare(words[-1]) in LETTERS:
        words = words[:-1]
    return words


def _bare(word: str) -> str:
    return word.replace(".", "").casefold()


def _family_starts(words: list[str]) -> int:
    """The last word with the particles before it; "Van" in "Van Nguyen" is a given name."""
    at = max(len(words) - 1, 0)
    while at > 0 and _bare(words[at - 1]) in PARTICLES:
        at -= 1
    pair = at == 0 and len(words) == 2  # noqa: PLR2004 - a given and a family name
    return 1 if pair and not words[0].islower() else at


def _shouted(words: list[str]) -> int:
    """How many words lead "VAN DYK Anna" in capitals; initials such as "JA" are no family."""
    loud = 0
    while loud < len(words) and words[loud].isupper():
        loud += 1
    is_family = any(len(w) >= SHORTEST_SHOUTED_FAMILY and "." not in w for w in words[:loud])
    return loud if is_family and loud < len(words) else 0


def _folded(words: list[str]) -> tuple[str, ...]:
    """Without accents, case, apostrophes and hyphens; nothing where no letter or digit is left."""
    text = unicodedata.normalize("NFKD", " ".join(words))
    parted = re.sub(r"[-.\u2010-\u2015]", " ", text)
    kept = "".join(one for one in parted if _is_kept(one))
    plain = kept.casefold().translate(PLAIN_LETTERS)
    return tuple(word for word in plain.split() if any(one.isalnum() for one in word))


def _is_kept(one: str) -> bool:
    """Letters, digits and spaces, and the marks that are letters themselves.

    Of a script that writes its vowels as marks, two names would be one without them.
    """
    if one in INVISIBLE or one in APOSTROPHES:
        return False
    if one.isalnum() or one == "_" or one.isspace():
        return True
    is_mark = unicodedata.category(one) in {"Mn", "Mc"}
    return is_mark and unicodedata.combining(one) in VOWELS
