"""Whose hand changes the sheet."""

from dataclasses import dataclass
from datetime import datetime

from adapters.storage.audit.audit import Access


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Whose hand it is, when, and through which door."""

    account_id: str
    by: str
    at: datetime
    access: Access
