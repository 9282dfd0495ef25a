"""Names and contents of secrets: one rule for every store, so that a name moves between them."""

import json
import re
from collections.abc import Mapping

from domain.errors import BadInput

NAME = re.compile(r"[A-Za-z0-9_+=@-][A-Za-z0-9/_+=.@-]{0,400}")
LARGEST_BYTES = 65_536
GONE = "the secrets of this connection are gone; enter them"


def checked_name(name: str) -> str:
    """Names hold account ids, which people choose: nothing in them may climb or match."""
    if not NAME.fullmatch(name) or ".." in name or "//" in name or name.endswith("/"):
        raise BadInput("a secret's name is made of letters, digits, / and -, without .. or //")
    return name


def packed(values: Mapping[str, str]) -> str:
    text = json.dumps(dict(values), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    if len(text.encode()) > LARGEST_BYTES:
        raise BadInput(f"the secrets of one connection are limited to {LARGEST_BYTES} bytes")
    return text


def unpacked(text: str) -> dict[str, str]:
    """Raises ValueError when it is not a document of ours; quote nothing of it."""
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one error for one fault
    return {str(key): str(value) for key, value in values.items()}
