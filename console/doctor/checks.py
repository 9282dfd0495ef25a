"""What the doctor looks at, in the order it is told, and which server each look needs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from console.doctor import accounts, keys, phone, practices, promises, servers, work
from console.doctor.findings import Finding
from console.wiring import Wiring

Need = Literal["database", "this version's tables", "redis"]
ROWS: tuple[Need, ...] = ("database", "this version's tables")


@dataclass(frozen=True, slots=True)
class Check:
    """One look at one subject; `name` is told where it cannot be taken."""

    name: str
    ask: Callable[[Wiring], Iterator[Finding]]
    needs: tuple[Need, ...] = ()


CHECKS: tuple[Check, ...] = (
    Check("settings", servers.settings),
    Check("tls", servers.links),
    Check("disk", servers.disk),
    Check("database", servers.database, ("database",)),
    Check("saving", servers.keeping, ("database",)),
    Check("schema", servers.schema, ROWS),
    Check("isolation", servers.isolation, ROWS),
    Check("redis", servers.redis, ("redis",)),
    Check("keys", keys.of_credentials),
    Check("keys", keys.of_rows, ROWS),
    Check("keys", keys.of_the_past, ROWS),
    Check("database clock", servers.own_clock, ("database",)),
    Check("redis clock", servers.redis_clock, ("redis",)),
    Check("workers", work.workers, ROWS),
    Check("scheduler", work.scheduler, ROWS),
    Check("budgets", work.allowances, (*ROWS, "redis")),
    Check("credentials", practices.credentials, ROWS),
    Check("credentials", practices.unstored, (*ROWS, "redis")),
    Check("connections", practices.connections, ROWS),
    Check("accounts", accounts.waiting, ROWS),
    Check("changes", accounts.changes, ROWS),
    Check("agreements", promises.agreed, ROWS),
    Check("audit", promises.apart),
    Check("audit", promises.chained, ROWS),
    Check("phone", phone.phone, ROWS),
)
