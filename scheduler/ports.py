"""What the ticker needs of the world."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from domain.changes import Marked
from domain.rhythm import Rhythm


class Due(Protocol):
    """A connection whose sync is due."""

    @property
    def id(self) -> UUID: ...
    @property
    def account_id(self) -> str: ...
    @property
    def vendor(self) -> str: ...
    @property
    def timezone(self) -> str: ...
    @property
    def days_ahead(self) -> int: ...
    @property
    def marked(self) -> Marked: ...
    @property
    def rhythm(self) -> Rhythm: ...


class Announcer(Protocol):
    """Tells workers which jobs are ready; what it says may be lost or repeated."""

    def announce(self, queue: str, job_ids: Sequence[int]) -> None: ...

    def forgot_everything(self) -> bool:
        """Whether Redis lost its messages since we last asked."""
