"""Bytes from a vendor into plain values, strictly."""

import json
import math
from typing import Any, NoReturn

from domain.errors import BrokenContract

MOST_PARTS = 300_000
"""Of one answer; a large page has a tenth of it. Each costs memory many times its own length."""


def decode(body: bytes, *, named: str) -> Any:
    """The JSON in `body`; anything else breaks the contract. The text says `named`, no content."""
    if sum(map(body.count, (b",", b"{", b"["))) > MOST_PARTS:
        raise BrokenContract(f"{named} answered with more than {MOST_PARTS} parts")
    try:
        return json.loads(
            body.decode("utf-8-sig"), parse_constant=_refuse_constant, parse_float=_finite
        )
    except (ValueError, RecursionError):
        raise BrokenContract(f"{named} answered with something that is not JSON") from None


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number beyond reason")
    return number


def dig(values: Any, path: str) -> Any:
    """What stands at a dotted path; None where any step is missing. "" is the whole."""
    if not path:
        return values
    for step in path.split("."):
        if not isinstance(values, dict):
            return None
        values = values.get(step)
    return values
