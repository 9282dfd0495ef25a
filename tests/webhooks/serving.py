"""The ingress, served on a port of its own by a thread of this process."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import jwt
import uvicorn
from redis import Redis
from sqlalchemy import Engine

import migrations
from domain.people import Role
from infra.clock import system_clock
from infra.sealing import Sealer
from producers.following import Hub
from producers.main import create_app
from producers.ports import Ports
from tests.fakes import FakeSecrets
from tests.leaving import leave
from tests.plain import NO_TLS

JWT_SIGNING = "not-a-secret-but-long-enough-to-sign-with"
FAR_FUTURE = 4102444800
REUSED_SECONDS, KEPT_SECONDS = 2.0, 60
"""A line is left much sooner than the server closes it, so that no request meets the closing."""


def bearer(account_id: str, role: Role = Role.OWNER) -> dict[str, str]:
    """Headers of a script that holds a token."""
    said = {"sub": "script", "account": account_id, "role": role.value, "exp": FAR_FUTURE}
    return {"Authorization": f"Bearer {jwt.encode(said, JWT_SIGNING, algorithm='HS256')}"}


@contextmanager
def served(
    db: Engine, database_url: str, client: Redis, sealer: Sealer, **more: Any
) -> Iterator[httpx.Client]:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(64)
    address = f"http://127.0.0.1:{sock.getsockname()[1]}"
    ports = Ports(
        database=db,
        redis=client,
        sealer=sealer,
        clock=more.pop("clock", system_clock),
        hub=Hub(db, database_url),
        base_url=address,
        newest_revision=migrations.newest(),
        jwt_secret=JWT_SIGNING,
        secrets=more.pop("secrets", None) or FakeSecrets(),
        **more,
    )
    config = uvicorn.Config(
        create_app(ports), log_config=None, access_log=False, timeout_keep_alive=KEPT_SECONDS
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([sock],), daemon=True)
    thread.start()
    limits = httpx.Limits(keepalive_expiry=REUSED_SECONDS)
    with httpx.Client(base_url=address, timeout=30, limits=limits, verify=NO_TLS) as browser:
        yield browser
    leave(server, thread, ports)
