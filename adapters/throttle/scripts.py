"""The clock's Lua scripts: run by digest, sent whole when the server does not know them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1
from json import dumps
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import NoScriptError, RedisError

from domain.errors import Transient
from infra.redis import is_useless

_HERE = Path(__file__).parent
UNREACHABLE = "the vendor clock (Redis) cannot be reached, or is full"


@dataclass(frozen=True, slots=True)
class Script:
    source: str
    digest: str

    def run(self, client: Redis, keys: Sequence[str], ask: Mapping[str, Any]) -> Any:
        """Run it; `boot` tells the script that this server had not met it yet."""
        try:
            return self._run(client, keys, ask)
        except RedisError as error:
            if not is_useless(error):
                raise
            # A grant whose answer was lost stays spent: late is better than locked out.
            raise Transient(UNREACHABLE) from None

    def _run(self, client: Redis, keys: Sequence[str], ask: Mapping[str, Any]) -> Any:
        text = dumps(ask)
        try:
            return client.evalsha(self.digest, len(keys), *keys, text)
        except NoScriptError:
            return client.eval(self.source, len(keys), *keys, dumps({**ask, "boot": True}))


def script(name: str) -> Script:
    """One script, behind the opening they share."""
    files = (_HERE / "now.lua", _HERE / f"{name}.lua")
    source = "\n".join(file.read_text(encoding="utf-8") for file in files)
    digest = sha1(source.encode(), usedforsecurity=False).hexdigest()
    return Script(source=source, digest=digest)
