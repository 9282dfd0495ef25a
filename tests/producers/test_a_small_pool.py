"""A request never needs two connections to the database at once, nor holds one for the secrets."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi.routing import APIRoute
from redis import Redis
from sqlalchemy import Engine, text

import migrations
from infra import database
from infra.sealing import Keyring, Sealer
from infra.vendor_urls import VendorUrls
from producers import routes
from producers.following import Hub
from producers.ports import Ports
from tests.fakes import FakeSecrets
from tests.plain import NO_TLS
from tests.producers.conftest import JWT_SIGNING, KEY, Clock, Site, _free_port, _Served
from tests.producers.office import CONNECTIONS
from tests.producers.seeding import seed

pytestmark = pytest.mark.integration

ENDLESS = "/api/run-sheet/events"
PRESET = {"medirecords": {"client_id": "ours", "client_secret": "ours-too"}}
PAGE = {"medirecords": {"authorize_url": "https://example.org/authorize"}}
TOKENS = {"medirecords": VendorUrls(token_url="https://example.org/token")}  # noqa: S106 - an address


@dataclass
class Watched(FakeSecrets):
    """Notes every look into the store while a connection to the database is held."""

    engine: Engine | None = None
    held: list[str] = field(default_factory=list)

    def get(self, ref: str) -> dict[str, str]:
        pool: Any = self.engine and self.engine.pool
        if pool is not None and pool.checkedout():
            self.held.append(ref)
        return super().get(ref)


@pytest.fixture
def site(database_url: str, redis_client: Redis) -> Iterator[Site]:
    """The demo practices behind one connection, for which nobody waits long."""
    engine = database.engine(database_url, application_name="tests", pool_size=1, pool_seconds=0.5)
    sock = _free_port()
    address = f"http://127.0.0.1:{sock.getsockname()[1]}"
    ports = Ports(
        database=engine,
        redis=redis_client,
        sealer=Sealer(Keyring.from_hex(KEY)),
        clock=Clock(),
        hub=Hub(engine, database_url),
        base_url=address,
        newest_revision=migrations.newest(),
        jwt_secret=JWT_SIGNING,
        secrets=Watched(engine=engine),
        secrets_prefix="tests",
        presets=PRESET,
        preset_settings=PAGE,
        urls=TOKENS,
    )
    served = _Served(ports, sock)
    made = Site(ports, httpx.Client(base_url=address, timeout=20, verify=NO_TLS), Clock())
    with made.everything() as db:
        made.ids = seed(db, made.seal())
        db.execute(text("UPDATE pms_connections SET secret_ref = 'tests/' || connector"))
        for vendor in ("gentu", "medirecords", "halaxy"):
            made.ports.secrets.put(f"tests/{vendor}", {"client_secret": "kept"})
    yield made
    made.client.close()
    served.stop()
    engine.dispose()


def asked(site: Site) -> list[tuple[str, int]]:
    """Every address that can be read, asked for each practice."""
    found = []
    with site.everything() as db:
        ids = [str(one) for one in db.execute(text("SELECT id FROM pms_connections")).scalars()]
    known = [one for router in routes.found()[0] for one in router.routes]
    read = [one for one in known if isinstance(one, APIRoute) and "GET" in (one.methods or ())]
    paths = {one.path for one in read} - {ENDLESS}
    for path in sorted(paths):
        for connection in ids if "{connection_id}" in path else ids[:1]:
            url = path.replace("{connection_id}", connection)
            while "{" in url:
                before, _, rest = url.partition("{")
                url = f"{before}{uuid4()}{rest.partition('}')[2]}"
            answer = site.client.get(url, headers={"Accept": "text/html"})
            found.append((url, answer.status_code))
    return found


def test_every_page_and_answer_does_with_one_connection(site: Site) -> None:
    site.sign_in()

    found = asked(site)

    assert len(found) > 30
    assert [one for one in found if one[1] in {500, 503}] == []


def test_the_secret_store_is_never_asked_within_a_transaction(site: Site) -> None:
    site.sign_in()

    asked(site)

    assert site.ports.secrets.held == []  # type: ignore[attr-defined]


def test_a_setup_does_with_one_connection(site: Site) -> None:
    headers = {**site.bearer(), "Idempotency-Key": "one"}
    body = {"vendor": "medirecords", "site": "practice-9", "timezone": "Australia/Perth"}

    made = site.client.post(CONNECTIONS, json=body, headers=headers)
    own = f"{CONNECTIONS}/{made.json()['connection']['id']}"
    change = {**site.bearer(), "If-Match": "*"}
    answers = [
        made,
        site.client.patch(own, json={"name": "Ours"}, headers=change),
        site.client.get(f"/setup?connection={own.rpartition('/')[2]}", headers=site.bearer()),
        site.client.delete(own, headers=change),
    ]

    assert [one.status_code for one in answers] == [201, 200, 200, 200]
