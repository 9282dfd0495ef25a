"""Bytes that come as answers."""

from typing import Any

import pytest

from adapters.rest.answers import MOST_PARTS, decode, dig
from adapters.rest.envelope import MOST_RECORDS, Bundle, Envelope, Wrapping
from domain.errors import BrokenContract


def test_json_is_read_with_or_without_a_byte_order_mark() -> None:
    assert decode(b'{"a": [1, 2.5]}', named="x") == {"a": [1, 2.5]}
    assert decode(b'\xef\xbb\xbf{"a": null}', named="x") == {"a": None}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": "\xff"}',
        b"[" * 200_000,
        b"1" * 10_000,
        b'{"a": 1} trailing',
    ],
)
def test_anything_else_breaks_the_contract_and_is_not_quoted(body: bytes) -> None:
    with pytest.raises(BrokenContract) as broken:
        decode(body, named="Example: GET /things")

    assert str(broken.value) == "Example: GET /things answered with something that is not JSON"
    assert broken.value.__suppress_context__


@pytest.mark.parametrize(
    ("path", "found"),
    [("", {"a": {"b": 1}}), ("a.b", 1), ("a", {"b": 1}), ("a.c", None), ("a.b.c", None)],
)
def test_a_dotted_path_leads_to_a_value_or_nowhere(path: str, found: object) -> None:
    assert dig({"a": {"b": 1}}, path) == found


@pytest.mark.parametrize("part", [b"{},", b"[],", b'"",', b"1,"])
def test_an_answer_of_endless_small_parts_breaks_the_contract(part: bytes) -> None:
    body = b"[" + part * MOST_PARTS + b"0]"

    with pytest.raises(BrokenContract, match=r"parts$"):
        decode(body, named="A vendor")


@pytest.mark.parametrize(
    ("wrapping", "body"),
    [
        (Envelope(items="rows"), {"rows": [{}] * (MOST_RECORDS + 1)}),
        (Bundle("Patient"), {"resourceType": "Bundle", "entry": [{}] * (MOST_RECORDS + 1)}),
    ],
)
def test_a_page_of_endless_records_breaks_the_contract(wrapping: Wrapping, body: Any) -> None:
    with pytest.raises(BrokenContract, match=r"records$"):
        wrapping.open(body)
