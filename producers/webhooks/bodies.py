"""JSON from outside, read within limits: whatever it is, it is read or refused in one sentence."""

import json
import re
from typing import Any, NoReturn

from domain.deliveries import UnreadableError

DEEPEST = 32
# A string, also one that never ends, so that every match is as long as it can be.
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")


def document(body: bytes) -> Any:
    """The value; UnreadableError where it is no JSON, or nested deeper than any of ours."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableError("The body is not UTF-8.") from None
    if _depth(text) > DEEPEST:
        raise UnreadableError(f"The body is nested deeper than {DEEPEST} levels.")
    try:
        return json.loads(text, parse_constant=_no_such_number)
    except ValueError:
        raise UnreadableError("The body is not JSON.") from None


def part(value: Any, key: str) -> Any:
    """What an object holds under the key; None of anything else."""
    return value.get(key) if isinstance(value, dict) else None


def parts(value: Any, key: str) -> list[Any]:
    """The list an object holds under the key; empty of anything else."""
    found = part(value, key)
    return found if isinstance(found, list) else []


def _depth(text: str) -> int:
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _no_such_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
