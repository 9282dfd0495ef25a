"""Where the next page of a list begins, as one opaque word."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Query

from producers.problems import Problem

T = TypeVar("T")

MOST = 200
USUAL = 50
LONGEST = 200

Mark = tuple[datetime, UUID]
"""The instant and the id of the last row told; rows are ordered by both."""

Cursor = Annotated[
    str | None,
    Query(description="The `next_cursor` of the page before.", json_schema_extra={"example": None}),
]
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many to answer at most.")]


def encode(mark: Mark) -> str:
    at, row_id = mark
    words = json.dumps([at.astimezone(UTC).isoformat(), row_id.hex], separators=(",", ":"))
    return urlsafe_b64encode(words.encode()).decode().rstrip("=")


def decode(text: str | None) -> Mark | None:
    """What `encode` made, None for the first page; anything else is one sentence."""
    if text is None:
        return None
    try:
        return _decoded(text[:LONGEST])
    except (ValueError, TypeError):  # not base64, not JSON, not two words, no instant, no id
        raise not_ours() from None


def not_ours() -> Problem:
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The cursor is not one of ours; take next_cursor as it came, or leave it out.",
    )


def paged(
    rows: Sequence[T], *, limit: int, mark: Callable[[T], Mark]
) -> tuple[Sequence[T], str | None]:
    """The page and the cursor of the next one, of rows read with one more than the limit."""
    page = rows[:limit]
    return page, encode(mark(page[-1])) if len(rows) > limit else None


def _decoded(text: str) -> Mark:
    at, row_id = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    mark = datetime.fromisoformat(at), UUID(hex=str(row_id))
    if mark[0].tzinfo is None:
        raise ValueError("an instant without its offset")
    return mark
