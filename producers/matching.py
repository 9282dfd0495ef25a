"""`If-Match`: the version a change is based on."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Header

from producers.problems import Problem

IfMatch = Annotated[str | None, Header(alias="If-Match")]


def version_in(if_match: str | None) -> int | None:
    """The version in an ETag, which no change goes without; `*` means whatever it is now."""
    if if_match is None:
        raise Problem(
            HTTPStatus.PRECONDITION_REQUIRED,
            "Send If-Match with the version you read, so that nobody's edit is overwritten.",
        )
    if if_match == "*":
        return None
    text = if_match.removeprefix("W/").strip('"')
    if not text.isdecimal():
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "If-Match must be the row's ETag or version."
        )
    return int(text)
