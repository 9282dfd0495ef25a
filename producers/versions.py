"""The version a change is made on: `If-Match` in, `ETag` out."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Header, Response

from producers.describing import DEMANDED
from producers.problems import Problem

TOLD = "The ETag (or version) of what you read; * for any."

IfMatch = Annotated[
    str | None, Header(alias="If-Match", description=TOLD, json_schema_extra=DEMANDED)
]
"""For `expected`, which answers 428 without it."""
MaybeIfMatch = Annotated[str | None, Header(alias="If-Match", description=TOLD)]
"""For `hoped`."""


def expected(if_match: str | None) -> int | None:
    """The version in an ETag, which no change goes without; None for `*`."""
    if if_match is None:
        raise Problem(
            HTTPStatus.PRECONDITION_REQUIRED,
            "Send If-Match with the version you read, so that nobody's change is overwritten.",
        )
    if if_match == "*":
        return None
    text = if_match.removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdecimal()) or len(text) > len("2147483647"):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "If-Match must be the ETag or version.")
    return int(text)


def hoped(if_match: str | None) -> int | None:
    """The same where a request may go without; None then, too."""
    return None if if_match is None else expected(if_match)


def tag(response: Response, version: int) -> None:
    response.headers["ETag"] = f'"{version}"'
