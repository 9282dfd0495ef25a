"""Texts that people send: one line that can be shown and stored."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, StringConstraints

LONGEST_ID = 200


def _one_line(text: str) -> str:
    """Control characters and half characters are no part of a name."""
    if not text.isprintable():
        raise ValueError("must be one line of text")
    return text


def _lines(text: str) -> str:
    if not all(line.isprintable() for line in text.replace("\t", " ").splitlines()):
        raise ValueError("must be text")
    return text


def uuid_of(text: str) -> UUID | None:
    """The id that is written so, if it is one."""
    try:
        return UUID(text)
    except ValueError:
        return None


Text = Annotated[str, AfterValidator(_lines)]
"""Of several lines, if need be."""
Line = Annotated[str, AfterValidator(_one_line)]
Stripped = Annotated[Line, StringConstraints(strip_whitespace=True)]
"""Its length is a constraint of its own: told beside this one, it would count the spaces too."""
Words = Annotated[Stripped, StringConstraints(min_length=1, max_length=LONGEST_ID)]
Id = Annotated[Line, StringConstraints(min_length=1, max_length=LONGEST_ID)]
"""An id as the PMS gives it."""
