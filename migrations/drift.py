"""Where a database differs from what its migrations make, in words for an operator."""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from adapters.storage.tables import metadata
from migrations.guards import guards
from migrations.indexes import unfinished

_FOUND = text(
    """
    SELECT 'policy ' || tablename || '.' || policyname FROM pg_policies
    WHERE schemaname = 'public'
    UNION ALL
    SELECT 'trigger ' || relname || '.' || tgname FROM pg_trigger
    JOIN pg_class ON pg_class.oid = tgrelid
    WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal AND tgenabled <> 'D'
    UNION ALL
    SELECT 'row security of ' || relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relrowsecurity AND relforcerowsecurity
    UNION ALL
    SELECT 'exclusion ' || conname FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND contype = 'x'
    """
)
_NAMED: Mapping[str, str] = {"add": "missing", "remove": "unknown"}
"""Alembic tells what it would do to the database."""

MISSING, CHANGED, UNKNOWN, UNFINISHED = "missing", "changed", "unknown", "unfinished"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the migrations made otherwise; `unknown` is somebody's addition."""

    kind: str
    what: str

    @property
    def is_harmless(self) -> bool:
        return self.kind == UNKNOWN and not self.what.startswith("policy ")

    @property
    def is_built_later(self) -> bool:
        """An index that migrating again builds."""
        return self.kind in {MISSING, UNFINISHED} and self.what.startswith("index ")

    def __str__(self) -> str:
        return f"{self.what} is {self.kind}"


def differences(db: Connection) -> Sequence[Difference]:
    """Tables, columns, indexes, constraints; then policies, triggers and row security."""
    found = [*_of_tables(db), *_of_guards(db), *_of_builds(db)]
    return sorted(found, key=lambda one: (one.is_harmless, one.what))


def found_guards(db: Connection) -> frozenset[str]:
    """What protects the rows of this database, by name."""
    return frozenset(db.execute(_FOUND).scalars())


def _of_tables(db: Connection) -> Iterator[Difference]:
    context = MigrationContext.configure(
        db, opts={"compare_type": True, "compare_server_default": True}
    )
    with warnings.catch_warnings():
        # Alembic cannot compare the expressions of computed columns, and says so of each.
        warnings.filterwarnings("ignore", message="Computed default")
        steps = compare_metadata(context, metadata)
    for step in _flat(steps):
        yield _told(step)


def _flat(steps: Iterable[Any]) -> Iterator[Sequence[Any]]:
    """Changes of one column come as a list of their own."""
    for step in steps:
        if isinstance(step, list):
            yield from step
        else:
            yield step


def _told(step: Sequence[Any]) -> Difference:
    verb, _, thing = str(step[0]).partition("_")
    kind = _NAMED.get(verb, CHANGED)
    match thing:
        case "table":
            return Difference(kind, f"table {step[1].name}")
        case "column":
            return Difference(kind, f"column {step[2]}.{step[3].name}")
        case "type" | "nullable" | "default":
            return Difference(CHANGED, f"{thing} of {step[2]}.{step[3]}")
    return Difference(kind, f"{thing} {getattr(step[1], 'name', None) or step[1]}")


def _of_builds(db: Connection) -> Iterator[Difference]:
    return (Difference(UNFINISHED, f"index {name}") for name in unfinished(db))


def _of_guards(db: Connection) -> Iterator[Difference]:
    found, wanted = found_guards(db), guards()
    yield from (Difference(MISSING, one) for one in wanted - found)
    yield from (Difference(UNKNOWN, one) for one in found - wanted)
