"""Everything a run has: servers, vendors, connected practices, and the product's processes."""

import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import jwt
from sqlalchemy import text

from adapters.secrets.file import FileSecretStore
from adapters.storage.jobs.ledger import put
from adapters.storage.people import accounts
from adapters.storage.people.accounts import Account
from adapters.storage.practices import connections, practice_book
from domain.connections import State
from domain.runs import SyncType
from domain.work import sync_job
from infra import database
from infra.sealing import Keyring, Sealer
from tests.chaos.history import History
from tests.chaos.vendors import Sort, Vendor, vendor
from tests.clusters import migrated
from tests.e2e.stack import free_port
from tests.e2e.switchboard import NUMBER, Switchboard, environment
from tests.plain import NO_TLS
from tests.sync.practice import KEY

ACCOUNTS = ("default", "northside", "callers")
"""The first two share all practices but one, which is the third's and takes calls."""

VOICE = ACCOUNTS[2]
LATENCY_MS = 60
WRONG_BY = (0.0, 0.3, -0.3, 1.4, -1.4, 95.0, -95.0, 900.0, -900.0, 86_400.0)
"""What the clock of a machine may be off by, in seconds."""

POOLS = ("voice", "all", "all")


@dataclass(frozen=True, slots=True)
class Connected:
    """A practice and its connection."""

    id: UUID
    account: str
    vendor: Vendor
    tenant: str
    timezone: str


@dataclass
class World(Switchboard):
    """A switchboard with many practices at four vendors."""

    vendors: Sequence[Vendor] = ()
    practices: list[Connected] = field(default_factory=list)
    history: History = field(kw_only=True)
    days: Sequence[date] = ()
    doors: list[str] = field(default_factory=list)
    dice: random.Random = field(default_factory=random.Random)

    def clock_of(self, name: str) -> Path:
        self.set_clock(name)
        return self._told(name)

    def set_clock(self, name: str) -> None:
        """From now on its machine shows another time, as one does that nobody keeps in order."""
        seconds = self.dice.choice(WRONG_BY)
        waiting = self._told(f"{name}-next")
        waiting.write_text(str(seconds), encoding="ascii")
        waiting.replace(self._told(name))
        self.history.note("clock", process=name, seconds=seconds)

    def _told(self, name: str) -> Path:
        return self.home / f"{name}.clock"

    def open_another_door(self) -> None:
        """A second ingress, as behind a load balancer."""
        port = free_port()
        self.start("ingress-2", "ingress", "--port", str(port))
        self.doors = [self.url, f"http://127.0.0.1:{port}"]

    def are_doors_open(self) -> bool:
        """Both ready to be sent calls to."""
        try:
            answers = [httpx.get(f"{door}/readyz", timeout=2, verify=NO_TLS) for door in self.doors]
        except httpx.HTTPError:
            return False
        return all(one.status_code == httpx.codes.OK for one in answers)

    def put_sync(self, one: Connected, *, allow_removals: bool = False) -> int:
        """As somebody who presses the button; raises DatabaseAway while there is none."""
        job = sync_job(
            account_id=one.account,
            connection_id=one.id,
            vendor=one.vendor.name,
            first_day=self.days[0],
            last_day=self.days[-1],
            sync_type=SyncType.FULL,
            allow_removals=allow_removals,
        )
        with database.transaction(self.engine, account_id=one.account) as db:
            job_id = put(db, job)
        self.history.note("sync", job=job_id, connection=str(one.id))
        return job_id

    def asked(self, query: str, **values: Any) -> list[Any]:
        """Rows of all accounts, read past the product."""
        with database.transaction(self.engine) as db:
            return list(db.execute(text(query), values).all())

    def sign_in_again(self) -> None:
        """What a person does whose PMS refused a good token."""
        found = self.asked(
            "UPDATE pms_connections SET state = 'ACTIVE' WHERE state = 'NEEDS_SIGN_IN' RETURNING id"
        )
        for row in found:
            self.history.note("signed in again", connection=str(row.id))

    def api(self, account: str) -> httpx.Client:
        claims = {"sub": "chaos", "account": account, "role": "owner", "exp": 4_102_444_800}
        token = jwt.encode(claims, self.environment["JWT_SECRET"], algorithm="HS256")
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=20, verify=NO_TLS)

    def of_vendor(self, name: str) -> Vendor:
        return next(one for one in self.vendors if one.name == name)


@contextmanager
def world(sorts: Sequence[Sort], *, seed: int, history: History) -> Iterator[World]:
    """With its first syncs not yet put."""
    # Days to come, so that no clock of a vendor turns anybody into attended meanwhile.
    first = datetime.now(UTC).date() + timedelta(days=3)
    days = (first, first + timedelta(days=1))
    with ExitStack() as parts:
        home = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="pms-chaos-")))
        vendors = [
            parts.enter_context(vendor(one, days=days, seed=seed, latency_ms=LATENCY_MS))
            for one in sorts
        ]
        servers = parts.enter_context(migrated(home / "servers"))
        engine = database.engine(servers.database_url, application_name="chaos", pool_size=16)
        parts.callback(engine.dispose)
        sikka = next(one for one in vendors if one.name == "sikka")
        port = free_port()
        made = World(
            servers=servers,
            engine=engine,
            desk=sikka.desk,
            url=f"http://127.0.0.1:{port}",
            environment=environment(home, servers, sikka.described)
            | {"SIKKA_BASE_URL": sikka.through_the_line(sikka.described["base_url"])},
            home=home,
            patients=[],
            vendors=vendors,
            history=history,
            days=days,
            dice=random.Random(seed),  # noqa: S311 - a test's dice
        )
        parts.callback(made.stop)
        _connect_all(made)
        made.open_another_door()
        made.begin(port, POOLS)
        made.wait_for(made.are_doors_open, seconds=90)
        yield made


def _connect_all(made: World) -> None:
    with database.dispatch(made.engine) as db:
        for name in ACCOUNTS[1:]:
            phones = [NUMBER] if name == VOICE else []
            accounts.add(db, Account(id=name, name=name.title(), phones=phones))
    places = [(one, tenant) for one in made.vendors for tenant in one.tenants]
    for number, (whose, tenant) in enumerate(places):
        account = VOICE if number == len(places) - 1 else ACCOUNTS[number % 2]
        made.practices.append(_connect(made, whose, tenant, account))


def _connect(made: World, whose: Vendor, tenant: dict[str, Any], account: str) -> Connected:
    told = whose.ask("credentials", tenant=tenant["tenantId"])
    store = FileSecretStore(made.home, Sealer(Keyring.from_hex(KEY)))
    token_url = whose.described.get("token_url")
    new = connections.NewConnection(
        account_id=account,
        vendor=whose.name,
        site=str(tenant["tenantId"]),
        timezone=str(tenant["timezone"]),
        name=tenant["tenantName"],
        base_url=whose.through_the_line(whose.described["base_url"]),
        token_url=token_url and whose.through_the_line(token_url),
        settings={"map_all": True, **whose.sort.settings},
        telehealth_only=False,
        state=State.ACTIVE,
        secret_ref=store.put(
            f"{whose.name}/{account}/{tenant['tenantId'].lower()}",
            {key: str(told[key]) for key in whose.sort.keys},
        ),
    )
    with database.transaction(made.engine, account_id=account) as db:
        connections.add(db, new)
        stored = connections.load(db, new.id)
        practice_book.mark_telehealth(db, stored, tenant["telehealth_type_ids"])
        # The run says when, so that two runs of one seed ask for the same.
        db.execute(text("UPDATE pms_connections SET next_sync_at = NULL"))
    made.history.note(
        "connection",
        id=str(new.id),
        account=account,
        vendor=whose.name,
        tenant=new.site,
        timezone=new.timezone,
        days=[made.days[0], made.days[-1]],
    )
    return Connected(new.id, account, whose, new.site, new.timezone)
