"""How far somebody was told of the sheet's changes, as one opaque word."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from uuid import UUID

from adapters.storage.sheet.sheet_changes import Place


def encode(place: Place) -> str:
    at = int(place.at.timestamp())
    words = json.dumps([place.life, place.changed_in, place.id.hex, at], separators=(",", ":"))
    return urlsafe_b64encode(words.encode()).decode().rstrip("=")


def decode(text: str) -> Place:
    """What `encode` made; else ValueError, TypeError or OverflowError."""
    life, changed_in, row_id, at = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    if not 0 <= int(changed_in) < 2**63:
        raise ValueError("no number of a transaction")
    at = datetime.fromtimestamp(int(at), UTC)
    return Place(life=str(life), changed_in=int(changed_in), id=UUID(hex=str(row_id)), at=at)
