"""Who sits at the terminal, and the audit row of what they change."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Engine

from adapters.storage.audit.audit import Access, record
from adapters.storage.by_hand.hands import Hand
from infra.clock import system_clock
from infra.database import transaction


def access(command: str, *, trace_id: str | None = None) -> Access:
    """The person's account on this machine, as the system knows it, and what they typed."""
    return Access(user=f"cli:{_user()}", endpoint=f"pms-sync {command}", trace_id=trace_id)


def hand_for(account_id: str, command: str) -> Hand:
    """Theirs, for what they do to rows of the sheet."""
    by = access(command)
    return Hand(account_id=account_id, by=by.user, at=system_clock(), access=by)


@contextmanager
def audited(
    engine: Engine,
    command: str,
    *,
    account_id: str,
    action: str,
    connection_id: UUID | None = None,
    summary: str | None = None,
) -> Iterator[Db]:
    """A transaction of the account that ends with the audit row of what was done in it."""
    with transaction(engine, account_id=account_id) as db:
        yield db
        record(
            db,
            access(command),
            account_id=account_id,
            action=action,
            connection_id=connection_id,
            summary=summary,
        )


def _user() -> str:
    """By the process's owner: a variable could say anything."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
