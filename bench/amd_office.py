"""A simulated AdvancedMD office connected to servers of its own, and workers under one clock."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
from sqlalchemy import text

import migrations
from adapters import pms
from adapters.queue import RedisAnnouncer
from adapters.storage.audit.audit import Access
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.sheet_edits import edit_entry
from adapters.storage.practices.connections import NewConnection
from adapters.storage.sheet.reading import read_sheet
from bench.steered import Time, prepare
from console import setting_up
from console.setting_up import Wanted
from console.sheet import as_answer
from console.simulators import Running
from console.truth import Simulator, differences, untold
from console.wiring import Wiring, wired
from domain.connections import State
from domain.sheet import as_json
from infra.database import transaction
from infra.stopping import Stopping
from scheduler.sweep import keep_announcing

ACCOUNT, VENDOR = "default", "advancedmd"
TIMEOUT = 60.0
STOP_SECONDS = 30
EVERY_MINUTE = 1
CHANGEABLE = frozenset({"booked", "confirmed"})

_TODAY_ONLY = text("UPDATE pms_connections SET sync_days_ahead = 0 WHERE id = :id")
_ENTRY = text(
    """
    SELECT id FROM run_sheet_appointments
    WHERE pms_connection_id = :id AND pms_appointment_id = :pms_id AND removed_at IS NULL
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """One connection, who plays its practice, and the time that all of it goes by."""

    wiring: Wiring
    time: Time
    connection_id: UUID
    tenant: Mapping[str, Any]
    simulator: Simulator
    http: httpx.Client

    def told(self, name: str, **query: Any) -> Any:
        params = {"tenant": self.tenant["tenantId"], **query}
        answer = self.http.get(f"/_sim/{name}", params=params)
        answer.raise_for_status()
        return answer.json()

    def visits(self, day: date) -> list[str]:
        """Those of that day that somebody may still come to, one to a patient."""
        return [one["id"] for one in self._of_day(day) if one["statuscode"] == 0]

    def violations(self) -> int:
        """Calls beyond the limit of their tier."""
        return int(self.told("violations")["violations"])

    def last_call(self) -> int:
        calls = self.told("calls")["calls"]
        return int(calls[-1]["number"]) if calls else 0

    def change_there(self, pms_id: str, code: int) -> None:
        """Staff of the practice set a status in AdvancedMD."""
        url = f"/_sim/statuscodes/{pms_id}"
        self.http.post(url, json={"statuscode": code}).raise_for_status()

    def change_here(self, pms_id: str, status: str) -> bool:
        """Somebody sets it on the sheet; whether the row is there."""
        hand = Hand(
            account_id=ACCOUNT, by="reception", at=self.time(), access=Access(user="reception")
        )
        with transaction(self.wiring.engine, account_id=ACCOUNT) as db:
            found = db.execute(_ENTRY, {"id": self.connection_id, "pms_id": pms_id}).first()
            if found is None:
                return False
            seal = self.wiring.entry_seal(ACCOUNT)
            edit_entry(db, seal, found.id, {"status": status}, expected_version=None, hand=hand)
        return True

    def wrong(self, day: date) -> int:
        """How many fields of that day's sheet are not what the simulator says is true."""
        with transaction(self.wiring.engine, account_id=ACCOUNT) as db:
            found = read_sheet(
                db,
                self.wiring.entry_seal(ACCOUNT),
                account_id=ACCOUNT,
                first_day=day,
                last_day=day,
                access=Access(user="judge"),
                connection_id=self.connection_id,
            )
        rows = [as_json(as_answer(one)) for one in found.entries]
        truth = self.told("truth")
        return len(differences(truth, rows, first=day, last=day, untold=untold(pms.vendor(VENDOR))))

    def _of_day(self, day: date) -> list[dict[str, Any]]:
        whole, zone = self.told("truth"), ZoneInfo(self.tenant["timezone"])
        return [
            one
            for one in whole["appointments"]
            if datetime.fromisoformat(one["start_utc"]).astimezone(zone).date() == day
            and len(one["patients"]) == 1
        ]


@contextmanager
def office(days: Sequence[date], *, visits: int, begins: datetime) -> Iterator[Office]:
    """Servers, the simulator and a connected practice, all at the instant it begins."""
    told = ["--tenants", "1", "--practitioners", "10", "--appointments", str(visits)]
    told += ["--days", f"{days[0]}..{days[-1]}", "--limit", "off"]
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pms-sync-bench-")))
        wiring = stack.enter_context(wired(home=home, migrated=False))
        prepare(wiring.database_url)
        migrations.upgrade(wiring.database_url)
        wiring.engine.dispose()
        described = stack.enter_context(Running(VENDOR, told))
        http = stack.enter_context(
            httpx.Client(base_url=described["url"], timeout=TIMEOUT, trust_env=False)
        )
        time = Time(wiring.redis, wiring.engine, described["url"])
        time.start_at(begins)
        simulator, tenant = Simulator(described["url"]), described["tenants"][0]
        yield Office(
            wiring=wiring,
            time=time,
            connection_id=_connected(wiring, simulator, tenant, described["base_url"]),
            tenant=tenant,
            simulator=simulator,
            http=http,
        )


@contextmanager
def at_work(here: Office, *, processes: int) -> Iterator[None]:
    """So many worker processes, and the announcing half of the scheduler."""
    stopping = Stopping()
    announcing = Thread(target=_announce, args=(here, stopping), daemon=True)
    announcing.start()
    started = [_worker(here.wiring) for _ in range(processes)]
    try:
        yield
    finally:
        for one in started:
            one.terminate()
        for one in started:
            one.wait(timeout=STOP_SECONDS)
        stopping.ask()
        announcing.join(timeout=STOP_SECONDS)


def _announce(here: Office, stopping: Stopping) -> None:
    wiring = here.wiring
    announcer = RedisAnnouncer(wiring.redis_url)
    url = wiring.database_url
    keep_announcing(wiring.engine, announcer, url=url, clock=here.time, stopping=stopping)


def _worker(wiring: Wiring) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "bench.amd_worker"],
        env={**os.environ, **wiring.environment()},  # noqa: TID251 - handed on whole
    )


def _connected(wiring: Wiring, simulator: Simulator, tenant: Mapping[str, Any], url: str) -> UUID:
    site = str(tenant["tenantId"])
    about, credentials = pms.vendor(VENDOR), simulator.credentials(site)
    new = NewConnection(
        account_id=ACCOUNT,
        vendor=VENDOR,
        site=site,
        timezone=str(tenant["timezone"]),
        base_url=url,
        settings={"map_all": True},
        telehealth_only=False,
        frequency_minutes=EVERY_MINUTE,
        state=State.ACTIVE,
    )
    secrets = {key: str(credentials[key]) for key in about.secrets}
    wanted = Wanted(
        vendor=about,
        new=new,
        secrets=secrets,
        telehealth_types=tenant["telehealth_type_ids"],
        test=False,
    )
    added = setting_up.create(wiring, wanted)
    with transaction(wiring.engine, account_id=ACCOUNT) as db:
        db.execute(_TODAY_ONLY, {"id": added.id})
    return added.id
