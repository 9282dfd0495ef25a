"""Names and numbers that are spelt one by one, as callers are asked to, put together again."""

import re

from domain.names import PARTICLES

LEAST_OF_A_FAMILY, LEAST_OF_A_GIVEN, LEAST_OF_A_RUN = 2, 4, 3
"""How many letters by themselves are a name: "J. R." are initials of a given one."""

FIGURES = {"o": "0", "oh": "0", "plus": "+"} | {
    name: str(figure)
    for figure, name in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    )
}
_TIMES = re.compile(r"\b(double|triple)[ -](\w+)")
_LETTER = r"(?<![^\W\d_])[^\W\d_](?![^\W\d_])"
_BETWEEN = r"(?:\s*[-\u2010-\u2015.,]\s*|\s+)"
_RUN = re.compile(rf"{_LETTER}(?:{_BETWEEN}{_LETTER})+\.?")
_DASHED = re.compile(rf"{_LETTER}(?:\s*[-\u2010-\u2015,]\s*{_LETTER})+")
_DOUBLE = re.compile(rf"\bdouble[ -]({_LETTER})", re.IGNORECASE)
_AS_IN = re.compile(rf"({_LETTER}),? (?:as in|for|like) [^\W\d_]+", re.IGNORECASE)


def family_unspelt(text: str) -> str:
    """A family name; what is spelt after it, from the same letter on, says how it is written."""
    told = _plain(text)
    run = _last_run(told)
    if run is None:
        return text
    least = LEAST_OF_A_FAMILY if run[0] == told else LEAST_OF_A_RUN
    if len(_letters(run[0])) < least:
        return text
    before = told[: run.start()].replace(",", " ").split()
    return " ".join([*_unsaid(before, run[0]), _joined(run[0])])


def given_unspelt(text: str) -> str:
    """A given name; a few letters are initials, unless they are told apart by dashes or commas."""
    told = _plain(text)
    is_dashed = _DASHED.fullmatch(told) and len(_letters(told)) >= LEAST_OF_A_RUN
    is_long = _RUN.fullmatch(told) and len(_letters(told)) >= LEAST_OF_A_GIVEN
    return _joined(told) if is_dashed or is_long else text


def whole_unspelt(text: str) -> str:
    """A whole name of which the family name is spelt, in its place or once more at the end."""
    told = _plain(text)
    run = _last_run(told)
    if run is None or len(_letters(run[0])) < LEAST_OF_A_RUN:
        return text
    first, *rest = told[: run.start()].replace(",", " ").split() or [""]
    is_initials = bool(re.search(r"\.", run[0])) and not rest
    if not first or is_initials:
        return text
    # A single word before a comma is the family name, and what is spelt the given one.
    joint = ", " if not rest and "," in told[: run.start()] else " "
    return joint.join([" ".join([first, *_unsaid(rest, run[0])]), _joined(run[0])])


def number_unspelt(text: str) -> str:
    """A telephone number told figure by figure; any other as it is."""
    told = _TIMES.sub(lambda one: f"{one[2]} " * (2 if one[1] == "double" else 3), text.lower())
    said = [FIGURES.get(word, word) for word in re.findall(r"[^\W\d_]+|\d+", told)]
    is_spelt = any(word in FIGURES for word in re.findall(r"[^\W\d_]+", told))
    number = "".join(said)
    return number if is_spelt and number.lstrip("+").isdecimal() else text


def _plain(text: str) -> str:
    """One letter for each that is told: "double L" are two, "B as in Bravo" is one."""
    return _AS_IN.sub(r"\1", _DOUBLE.sub(r"\1 \1", " ".join(text.split())))


def _last_run(told: str) -> re.Match[str] | None:
    return next((one for one in _RUN.finditer(told) if one.end() == len(told)), None)


def _unsaid(words: list[str], run: str) -> list[str]:
    """Without the word that was said before it was spelt; what leads the name stays."""
    first = _letters(run)[0].casefold()
    last = words[-1].casefold() if words else ""
    return words[:-1] if last.startswith(first) and last not in PARTICLES else words


def _letters(run: str) -> list[str]:
    return re.findall(_LETTER, run)


def _joined(run: str) -> str:
    return "".join(_letters(run)).capitalize()
