"""What callers say who leave a choice to us, or would rather have somebody, and what we ask."""

import re
from collections.abc import Iterable, Mapping, Sequence

from domain.names import read, spoken
from domain.speech import MOST_CHOICES, joined
from domain.tool_words import CONNECT

LONGEST_SAID = 60

CHOOSING = frozenset(
    {
        "any",
        "anyone",
        "anybody",
        "either",
        "whoever",
        "whichever",
        "none",
        "preference",
        "available",
    }
    | {"matter", "mind"}
)
BESIDE_IT = frozenset(
    {"a", "the", "of", "them", "is", "s", "in", "particular", "no", "one", "who", "free", "first"}
    | {"next", "earliest", "soonest", "i", "it", "don", "doesn", "t", "really", "doctor", "doctors"}
    | {"dentist", "dentists", "provider", "practitioner", "clinician"}
)
"""What may stand beside a word that leaves it to us: "either of them", "the first available"."""

RATHER = frozenset(
    {"maybe", "perhaps", "possibly", "preferably", "ideally", "rather", "prefer", "like", "love"}
    | {"d", "ll", "would", "will", "be", "see", "to", "with", "or", "and", "if", "possible", "can"}
    | {"please", "just", "think", "say", "let", "he", "she", "they", "for", "me", "my", "otherwise"}
)
"""What may stand before whom they would rather have: "whoever is free, maybe Dr Lee"."""

NOBODYS_NAME = frozenset(
    {"the", "a", "my", "our", "any", "anyone", "anybody", "usual", "same", "regular", "unknown"}
    | {"not", "sure", "specified", "none", "no", "preference", "n", "doctor", "dr", "dentist"}
    | {"hygienist", "clinician", "provider", "practitioner", "nurse", "therapist", "one"}
    | {"available", "whoever"}
)
"""Words that say what somebody is, or that it does not matter who."""

_NOBODY_IN_PARTICULAR = re.compile(
    r"\bno (real |particular )?preference\b|\bno ?(one|body) in particular\b|\bnone in particular\b"
    r"|\bdo(n.?t| not) (really )?(mind|care)\b|\bdoes(n.?t| not) (really )?matter\b"
)
_WORD = re.compile(r"[^\W\d_]+")
_AGAINST = frozenset({"no", "none", "don", "doesn", "t"})


def leaves_it_to_us(told: str) -> bool:
    """No preference, in whatever words; any other word there is a wish of its own."""
    words = set(_WORD.findall(told.casefold()))
    return bool(words & CHOOSING) and words <= CHOOSING | BESIDE_IT


def names_nobody(told: str) -> bool:
    """Only what somebody is, or that it does not matter who."""
    return set(re.findall(r"[a-z]+", told.casefold())) <= NOBODYS_NAME


def beside_the_choice(told: str, names: Iterable[str]) -> str | None:
    """The words that say whom else, where the others leave it to us; None where they do not.

    A "no" that belongs to nothing of that is against somebody, and stays with their name. So does
    a word that is in any of the names: somebody may be called Will.
    """
    rest = _NOBODY_IN_PARTICULAR.sub(" ", told.casefold())
    is_left = rest != told.casefold() or bool(set(_WORD.findall(rest)) & CHOOSING)
    theirs = {word for name in names for word in read(name).words}
    left_out = (CHOOSING | BESIDE_IT | RATHER) - _AGAINST - theirs
    kept = [one for one in _WORD.findall(rest) if one not in left_out]
    return " ".join(kept) if is_left and kept else None


def which_clinician(told: str, named: Sequence[str], people: Sequence[str]) -> str:
    """The question which of several it is, or who, where nobody is called so."""
    if not people:
        return "I do not know who that is. Is anybody at the practice all right?"
    offered = [spoken(one) for one in (named or people)[:MOST_CHOICES]]
    if named:
        return f"There is more than one of that name: {joined(offered, word='and')}. Who is it?"
    there = f"there {'is' if len(offered) == 1 else 'are'} {joined(offered, word='and')}"
    if names_nobody(told):
        return f"T{there[1:]}. Who shall it be?"
    return f"Nobody called {spoken(told[:LONGEST_SAID])} works here; {there}. Who shall it be?"


def most_alike(told: str, known: Mapping[str, str]) -> str | None:
    """The one whose name is the words told, or alone shares the most of them."""
    words = set(re.findall(r"[^\W_]+", told.lower()))
    shared = {
        key: len(words & set(re.findall(r"[^\W_]+", name.lower()))) for key, name in known.items()
    }
    best = max(shared.values(), default=0)
    keys = [key for key, count in shared.items() if count == best]
    exact = [key for key, name in known.items() if name.casefold() == told.casefold()]
    if exact:
        return exact[0]
    return keys[0] if best and len(keys) == 1 else None


def which_kind(names: Sequence[str]) -> str:
    """A few of many are told as that: there may be the one that was meant."""
    asked = "I do not know that kind of visit."
    if len(names) > MOST_CHOICES:
        some = joined(names[:MOST_CHOICES], word="and")
        return f"{asked} There are {some}, and others. What would you call it?"
    return f"{asked} It could be {joined(names)}. Which one is it, or shall I {CONNECT}?"
