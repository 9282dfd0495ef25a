"""Every string in a text that could be a key or a password, to be hashed and compared."""

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256

MOST_PARTS = 12
"""Of a run of joined parts, those that stand together are looked at up to so many."""

RUN = re.compile(r"[A-Za-z0-9_~./+=:@%&?#!$*^-]+")
PART = re.compile(r"[A-Za-z0-9]+")
QUOTED = re.compile(r"""(["'`])(.+?)\1""")


def tokens_of(line: str) -> Iterator[str]:
    """The line, what is quoted in it, its words, and every stretch of parts joined in a word."""
    yield line.strip()
    for match in QUOTED.finditer(line):
        yield match[2]
    yield from line.split()
    for run in RUN.findall(line):
        yield from _stretches(run)


def _stretches(run: str) -> Iterator[str]:
    yield run
    yield run.strip("_~./+=:@%&?#!$*^-")
    spans = [match.span() for match in PART.finditer(run)]
    for first, (start, _) in enumerate(spans):
        for _, end in spans[first : first + MOST_PARTS]:
            yield run[start:end]
            padding = len(run[end:]) - len(run[end:].lstrip("="))
            if padding:
                yield run[start : end + padding]


class Search:
    """Remembers what it has hashed, for most lines repeat most words."""

    def __init__(self, refused: Iterable[str]) -> None:
        self._refused = frozenset(refused)
        self._lines: set[str] = set()
        self._tokens: set[str] = set()

    def finds(self, text: str) -> bool:
        """Whether a refused value is in the text; never which, for the answer may be printed."""
        found = False
        for line in text.splitlines():
            if line in self._lines:
                continue
            self._lines.add(line)
            for token in tokens_of(line):
                if token not in self._tokens:
                    self._tokens.add(token)
                    found |= sha256(token.encode()).hexdigest() in self._refused
        return found
