"""What Sikka's marketplace sends, in either of its shapes: which office, and nothing believed."""

import re
from typing import Any

from domain.authorisations import OFFICE, Notice
from domain.deliveries import UnreadableError
from producers.webhooks.bodies import document, part

# In the order they are looked for: the seed's own shape, then the registration handshake.
OFFICE_KEYS = ("office_id", "MasterCustomerID")
TOKEN_KEYS = ("state", "PartnerRegistrationID")
NEVER = ("0001-", "1111-", "1900-", "1111/", "0001/", "01/01/0001", "01/01/1900", "11/11/1111")
"""How dates begin that stand for none."""

_ENDED = re.compile(
    r"cancel|revok|de-?auth|un-?auth|uninstall|inactiv|terminat|expired", re.IGNORECASE
)
LONGEST = 200
LONGEST_BODY = 64 * 1024
"""Nobody has proved who sent it: to read much more would take time that callers need."""


def read(body: bytes, *, state: str | None) -> Notice:
    """Raises UnreadableError where no office is named."""
    if len(body) > LONGEST_BODY:
        raise UnreadableError("The body is longer than any of Sikka's.")
    told = document(body)
    if isinstance(told, list) and len(told) == 1:
        told = told[0]
    office = next((found for key in OFFICE_KEYS if (found := _text(told, key))), None)
    if office is None or not OFFICE.fullmatch(office):
        raise UnreadableError("The body names no office.")
    given = next((found for key in TOKEN_KEYS if (found := _text(told, key))), None)
    return Notice(
        office_id=office.upper(), app_id=_app_id(told), token=state or given, is_end=_is_end(told)
    )


def _app_id(told: Any) -> str | None:
    """Any that is there counts, also one that makes no sense; the handshake has none."""
    value = part(told, "app_id")
    return None if value is None else str(value)[:LONGEST].strip()


def _is_end(told: Any) -> bool:
    """A cancelled order, by its word or by its date."""
    words = (_text(told, key) or "" for key in ("event", "Status"))
    if any(_ENDED.search(word) for word in words):
        return True
    date = _text(told, "CancelDate")
    return date is not None and not date.startswith(NEVER)


def _text(told: Any, key: str) -> str | None:
    value = part(told, key)
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    text = str(value)[: LONGEST + 1].strip()
    return text if 0 < len(text) <= LONGEST and text.isprintable() else None
