"""All that was left behind anywhere, as text to be searched for what must not be there."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
import redis
from psycopg import sql
from sqlalchemy import Engine

from adapters.storage.tables import metadata

PLACES = ("logs", "redis", "database")


@dataclass
class Everything:
    """Logs, Redis and database."""

    logs: str
    redis: str
    database: str
    _lowered: dict[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._lowered = {
            name: getattr(self, name).lower() for name in ("logs", "redis", "database")
        }

    def holding(self, canary: str) -> list[str]:
        """Where it is, in any dress."""
        raw = canary.encode()
        dresses = {
            canary.lower(),
            raw.hex(),
            base64.b64encode(raw).decode().rstrip("=")[:-1].lower(),
            json.dumps(canary)[1:-1].lower(),
        }
        return [
            name for name, text in self._lowered.items() if any(dress in text for dress in dresses)
        ]

    def holding_any(self, canaries: Mapping[str, str]) -> dict[str, list[str]]:
        """Those that are anywhere, by name."""
        found = {name: self.holding(canary) for name, canary in canaries.items()}
        return {name: places for name, places in found.items() if places}


def redis_as_text(client: redis.Redis) -> str:
    """Every key and every value."""
    readers: Mapping[bytes, Any] = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"set": client.smembers,
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
    }
    lines = []
    for key in client.scan_iter():
        kind = client.type(key)
        name = kind if isinstance(kind, bytes) else str(kind).encode()
        if name != b"none":  # gone meanwhile
            lines.append(f"{key!r}: {readers[name](key)!r}")
    return "\n".join(lines)


def database_as_text(engine: Engine) -> str:
    """Every row of every table, as its owner sees it past row security."""
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    parts: list[str] = []
    with psycopg.connect(url) as db:
        for name in metadata.tables:
            table = sql.Identifier(name)
            db.execute(sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(table))
            with db.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(table)) as copy:
                rows = b"".join(bytes(block) for block in copy).decode()
            parts.append(f"## {name}\n{rows.rstrip()}")
            db.rollback()  # held together, these locks would wait for others that wait for them
    return "\n".join(parts)
