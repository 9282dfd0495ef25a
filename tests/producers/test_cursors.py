"""Cursors come back as they were made, and nothing else passes for one."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers import cursors
from producers.problems import Problem

NOW = datetime(2026, 11, 23, 0, 5, 0, 123456, tzinfo=UTC)


@given(at=st.datetimes(timezones=st.just(UTC)), row_id=st.uuids())
def test_a_cursor_comes_back_as_the_mark_it_was_made_of(at: datetime, row_id: UUID) -> None:
    assert cursors.decode(cursors.encode((at, row_id))) == (at, row_id)


def test_the_first_page_has_no_cursor() -> None:
    assert cursors.decode(None) is None


def word(text: bytes) -> str:
    return urlsafe_b64encode(text).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "????",
        "ärger",
        "null",
        *(word(one) for one in (b"1", b"null", b"[]", b"{}", b'["a"]', b"\xff\xff", b"[" * 90)),
        word(b'["2026-01-01T00:00:00+00:00", 3]'),
        word(b'["2026-01-01", "00000000-0000-0000-0000-000000000000"]'),
    ],
)
def test_what_is_not_a_cursor_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(Problem, match="not one of ours") as refused:
        cursors.decode(text)

    assert refused.value.status == 422


@given(text=st.text(max_size=80))
def test_no_text_at_all_breaks_a_list(text: str) -> None:
    refused = False
    try:
        cursors.decode(text)
    except Problem:
        refused = True

    assert refused


def test_a_page_ends_where_more_follows() -> None:
    rows = [(NOW, uuid4()) for _ in range(3)]

    page, following = cursors.paged(rows, limit=2, mark=lambda row: row)
    last, none = cursors.paged(rows, limit=3, mark=lambda row: row)

    assert (list(page), cursors.decode(following)) == (rows[:2], rows[1])
    assert (list(last), none) == (rows, None)
    assert cursors.paged([], limit=3, mark=lambda row: row) == ([], None)
