"""Long lists of ids as Postgres reads them: the driver looks at each by itself, in Python."""

from collections.abc import Iterable
from uuid import UUID


def array_of(ids: Iterable[UUID]) -> str:
    """For a parameter the statement casts to uuid[]."""
    return "{" + ",".join([one.hex for one in ids]) + "}"
