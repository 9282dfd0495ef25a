"""An ingress over a real database: people signed in, a day of appointments, a clock that stands."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import jwt
import pytest
import uvicorn
from redis import Redis
from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

import migrations
from adapters.storage.people.sessions import make_login_link
from adapters.storage.sheet.entries import EntrySeal
from domain.people import Role
from infra import database
from infra.sealing import Keyring, Sealer
from producers.following import Hub
from producers.main import create_app
from producers.ports import Ports
from tests.fakes import FakeSecrets
from tests.leaving import leave
from tests.plain import NO_TLS
from tests.producers.seeding import NOW, seed
from tests.webhooks.serving import KEPT_SECONDS

KEY = "0123456789abcdef" * 4
JWT_SIGNING = "not-a-secret-but-long-enough-to-sign-with"
FAR_FUTURE = 4102444800


@dataclass(slots=True)
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass(slots=True)
class Site:
    """The ingress with its parts at hand."""

    ports: Ports
    client: httpx.Client
    clock: Clock
    ids: dict[str, UUID] = field(default_factory=dict)

    @contextmanager
    def everything(self) -> Iterator[Db]:
        """A transaction that row-level security does not hold back."""
        with database.transaction(self.ports.database) as db:
            yield db

    def seal(self, account_id: str = "default") -> EntrySeal:
        return self.ports.seal(account_id)

    def column(self, name: str) -> UUID:
        """The clinician who is called that on the sheet."""
        with self.everything() as db:
            query = text("SELECT id FROM run_sheet_clinicians WHERE name = :name")
            found: UUID = db.execute(query, {"name": name}).scalar_one()
        return found

    def link(
        self, role: Role = Role.OWNER, *, account_id: str = "default", minutes: int = 15
    ) -> str:
        with database.dispatch(self.ports.database) as db:
            return make_login_link(
                db,
                account_id=account_id,
                name=f"Sam {role.title()}",
                role=role,
                now=self.clock(),
                minutes=minutes,
            )

    def bearer(
        self,
        role: Role = Role.OWNER,
        *,
        account_id: str = "default",
        claims: Mapping[str, Any] | None = None,
    ) -> dict[str, str]:
        """Headers of a script that holds a token; a claim of None is left out."""
        said = {"sub": "script", "account": account_id, "role": role.value, "exp": FAR_FUTURE}
        kept = {name: one for name, one in {**said, **(claims or {})}.items() if one is not None}
        token = jwt.encode(kept, JWT_SIGNING, algorithm="HS256")
        return {"Authorization": f"Bearer {token}"}

    def sign_in(self, role: Role = Role.OWNER, *, account_id: str = "default") -> dict[str, str]:
        """Sign the client in by link; answers the headers a page of ours sends."""
        token = self.link(role, account_id=account_id)
        answer = self.client.post("/login", data={"token": token})
        assert answer.status_code == 303, answer.text
        page = self.client.get("/", headers={"Accept": "text/html"}).text
        return {"X-CSRF-Token": page.partition('name="csrf" content="')[2].partition('"')[0]}


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = database.engine(database_url, application_name="tests", pool_size=8)
    yield made
    made.dispose()


@pytest.fixture
def make_site(
    engine: Engine, database_url: str, redis_client: Redis
) -> Iterator[Callable[..., Site]]:
    running: list[tuple[Site, _Served]] = []

    def make(*, base_url: str | None = None, **more: Any) -> Site:
        clock, sock = Clock(), _free_port()
        address = f"http://127.0.0.1:{sock.getsockname()[1]}"
        ports = Ports(
            database=engine,
            redis=redis_client,
            sealer=Sealer(Keyring.from_hex(KEY)),
            clock=clock,
            hub=Hub(engine, database_url),
            base_url=base_url or address,
            newest_revision=migrations.newest(),
            jwt_secret=JWT_SIGNING,
            secrets=FakeSecrets(),
            secrets_prefix="tests",
            **more,
        )
        served = _Served(ports, sock)
        site = Site(ports, httpx.Client(base_url=address, timeout=10, verify=NO_TLS), clock)
        running.append((site, served))
        return site

    yield make
    for site, served in running:
        site.client.close()
        served.stop()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """The demo practices on their sheet."""
    made = make_site()
    with made.everything() as db:
        made.ids = seed(db, made.seal())
    return made


class _Served:
    """A real server in a thread of this process, on a port of its own."""

    def __init__(self, ports: Ports, sock: socket.socket) -> None:
        self._ports = ports
        config = uvicorn.Config(
            create_app(ports), log_config=None, access_log=False, timeout_keep_alive=KEPT_SECONDS
        )
        self._server = uvicorn.Server(config)
        # Connections wait in the socket's own queue until the server takes them.
        self._thread = threading.Thread(target=self._server.run, args=([sock],), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        leave(self._server, self._thread, self._ports)


def _free_port() -> socket.socket:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(64)
    return sock
