"""Processes before a practice behind Sikka that takes calls, an AdvancedMD office and a Twilio."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from threading import Event
from typing import Any

import httpx
from sqlalchemy import text

from adapters.secrets.file import FileSecretStore
from adapters.storage.people import accounts
from adapters.storage.people.accounts import Account
from adapters.storage.practices import connections
from domain.connections import State
from domain.window import local_day
from infra.clock import system_clock
from infra.database import dispatch, transaction
from infra.sealing import Keyring, Sealer
from simulators import advancedmd, sikka
from simulators.calls.phone import Phone
from simulators.calls.signing import Signer
from simulators.serving import running
from simulators.setup import Setup
from simulators.twilio import TwilioSimulator
from tests.e2e.stack import Stack, TooLateError, free_port, stack
from tests.e2e.switchboard import SECRET, environment
from tests.plain import NO_TLS
from tests.security.planting import canaries, plant
from tests.sync.practice import KEY

ZONE = "America/New_York"
NUMBER = "+12025550100"
LOOK = 0.4
DENTAL, NORTH = "dental", "north"
FEATURES = {
    DENTAL: {"notes": True, "insurance": True, "payments": True},
    NORTH: {"auto_push": True, "auto_create": True},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desks:
    """The product's processes and the three vendors, whose people are canaries."""

    stack: Stack
    ingress: httpx.Client
    sikka: httpx.Client
    office: httpx.Client
    twilio: httpx.Client
    secrets: Mapping[str, str]

    def rings(self, number: int) -> Phone:
        """A call of that patient, from their own telephone."""
        return Phone(
            url=f"{self.ingress.base_url}/vapi/webhook",
            signer=Signer.from_text(SECRET),
            caller=f"+1{canaries(number)['phone']}",
            called=NUMBER,
        )

    def control(self, vendor: httpx.Client, path: str, **told: Any) -> dict[str, Any]:
        answer = vendor.post(f"/_sim/{path}", json=told)
        assert answer.is_success, answer.text
        return dict(answer.json())

    def sent_to_the_office(self) -> int:
        """How many writes reached AdvancedMD."""
        asked = self.office.get("/_sim/requests").json()["requests"]
        writes = [one for one in asked if one["method"] in {"PUT", "POST"}]
        return sum("/scheduler/" in one["path"] for one in writes)

    def rows(self, statement: str, **values: Any) -> list[Any]:
        with transaction(self.stack.clinic.engine) as db:
            return list(db.execute(text(statement), values))

    def hurried(self, *kinds: str) -> bool:
        """Whether none of these jobs is left; what waits for its time is due at once."""
        with dispatch(self.stack.clinic.engine) as db:
            left = db.execute(
                text(
                    "UPDATE jobs SET due_at = least(due_at, now())"
                    " WHERE kind = ANY(:kinds) AND state IN ('ready', 'running')"
                ),
                {"kinds": list(kinds)},
            )
            return left.rowcount == 0

    def until_done(self, *kinds: str) -> None:
        self.until(lambda: self.hurried(*kinds))

    def left(self) -> str:
        """The jobs that have not ended, a line each, for whoever waited for them in vain."""
        rows = self.rows(
            "SELECT id, kind, account_id, state, attempts, waiting_for, error_text, worker,"
            " created_at, announced_at, due_at, started_at, lease_until, now() AS now"
            " FROM jobs WHERE state IN ('ready', 'running') ORDER BY id"
        )
        return "\n".join(", ".join(map(str, row)) for row in rows)

    def until_tried(self, *kinds: str) -> None:
        """All of these jobs at least once; what is in doubt then may stay so for minutes."""
        left = "SELECT 1 FROM jobs WHERE kind = ANY(:kinds) AND attempts = 0"
        self.until(lambda: not self.rows(left, kinds=list(kinds)))

    def until(self, what: Callable[[], bool], *, seconds: float = 120) -> None:
        """Looked at seldom: whoever hurries jobs makes work."""
        ends = time.monotonic() + seconds
        while not what():
            if time.monotonic() > ends:
                raise TooLateError(f"not within {seconds} s\n{self.left()}\n{self.stack.logs()}")
            Event().wait(LOOK)


@contextmanager
def desks(*, people: int, setup: Setup) -> Iterator[Desks]:
    """Everything served and ready, and a Gentu of that setup beside it."""
    today = local_day(system_clock(), ZONE)
    dental = sikka.SikkaSimulator(
        Setup(tenants=1, practitioners=3, appointments=people, timezone=ZONE, limits=()),
        sikka.Knobs(
            practices=1,
            null_patients=False,
            refresh_seconds=0.0,
            fastest_write=0.1,
            slowest_write=0.3,
        ),
    )
    north = advancedmd.AdvancedmdSimulator(
        Setup(
            tenants=1,
            practitioners=3,
            appointments=max(14, people),
            timezone=ZONE,
            days=(today, today + timedelta(days=1)),
            limits=(),
        ),
        advancedmd.Knobs(login_seconds=0, null_patients=False),
    )
    texting = TwilioSimulator()
    for one in (dental, north):
        plant(one.clinics.values(), count=people)
    with ExitStack() as parts:
        made = parts.enter_context(stack(setup=setup))
        urls = [parts.enter_context(running(one)) for one in (dental, north, texting)]
        port = free_port()
        made.environment |= environment(made.home, made.servers, dental.described(urls[0]))
        made.environment |= _texting(texting, urls[2], port) | _office(north, urls[1])
        clients = [
            parts.enter_context(httpx.Client(base_url=one, timeout=30, verify=NO_TLS))
            for one in (f"http://127.0.0.1:{port}", *urls)
        ]
        held = [_held(clients[1], dental), _held(clients[2], north)]
        _connect(made, DENTAL, "sikka", dental.described(urls[0])["base_url"], held[0])
        _connect(made, NORTH, "advancedmd", None, held[1])
        parts.callback(_kill, made)
        _begin(made, clients[0], port)
        yield Desks(
            stack=made,
            ingress=clients[0],
            sikka=clients[1],
            office=clients[2],
            twilio=clients[3],
            secrets=_secrets(made, *held),
        )


def _texting(texting: TwilioSimulator, url: str, port: int) -> dict[str, str]:
    return {
        "APP_BASE_URL": f"http://127.0.0.1:{port}",
        "TWILIO_ACCOUNT_SID": texting.account.sid,
        "TWILIO_AUTH_TOKEN": texting.account.auth_token,
        "TWILIO_MESSAGING_SERVICE_SID": texting.account.messaging_service_sid,
        "TWILIO_BASE_URL": url,
    }


def _office(north: advancedmd.AdvancedmdSimulator, url: str) -> dict[str, str]:
    told = north.described(url)
    return {
        "ADVANCEDMD_BASE_URL": told["base_url"],
        "ADVANCEDMD_TOKEN_URL": told["token_url"],
        "LOG_LEVEL": "DEBUG",
    }


def _held(vendor: httpx.Client, simulator: Any) -> dict[str, str]:
    """What a connection to its only practice needs."""
    told = vendor.get("/_sim/credentials", params={"tenant": next(iter(simulator.clinics))}).json()
    return {name: value for name, value in told.items() if isinstance(value, str)}


def _connect(
    made: Stack, account: str, vendor: str, base_url: str | None, held: Mapping[str, str]
) -> None:
    site = held.get("office_key") or held["office_id"]
    store = FileSecretStore(made.home, Sealer(Keyring.from_hex(KEY)))
    new = connections.NewConnection(
        account_id=account,
        vendor=vendor,
        site=site,
        timezone=ZONE,
        name=f"Example at {account}",
        base_url=base_url,
        secret_ref=store.put(f"{vendor}/{account}/e2e", held),
        settings={"map_all": True} | ({"requests_a_minute": 10_000} if account == DENTAL else {}),
        telehealth_only=False,
        state=State.ACTIVE,
    )
    engine = made.clinic.engine
    with dispatch(engine) as db:
        phones = [NUMBER] if account == DENTAL else []
        accounts.add(db, Account(id=account, name=account.title(), phones=phones))
    with transaction(engine, account_id=account) as db:
        values = {"new": json.dumps(FEATURES[account]), "id": connections.add(db, new)}
        db.execute(
            text(
                "UPDATE pms_connections SET next_sync_at = NULL,"
                " features = features || CAST(:new AS jsonb) WHERE id = :id"
            ),
            values,
        )


def _begin(made: Stack, ingress: httpx.Client, port: int) -> None:
    made.start("ingress", "--port", str(port))
    made.scheduler()
    made.start("worker", "--pool", "voice")
    made.start("worker", "--pool", "all", "--threads", "4")
    made.wait_for(lambda: _is_ready(ingress) and made.workers_alive() > 1, seconds=90)


def _kill(made: Stack) -> None:
    """Nobody waits for goodbyes."""
    for process in made.processes:
        process.kill()


def _is_ready(ingress: httpx.Client) -> bool:
    with suppress(httpx.TransportError):
        return ingress.get("/readyz").is_success
    return False


def _secrets(made: Stack, *held: Mapping[str, str]) -> dict[str, str]:
    """By where they come from; ids are none."""
    ids = ("office_id", "practice_id", "office_key", "app_id", "app_name", "username", "client_id")
    named = ("JWT_SECRET", "ENCRYPTION_KEY", "VAPI_WEBHOOK_SECRET", "TWILIO_AUTH_TOKEN")
    gentu = {name: str(one) for name, one in made.clinic.secrets.kept["gentu"].items()}
    return {
        **{name: made.environment[name] for name in (*named, "SIKKA_APP_KEY")},
        **{name: one for each in (*held, gentu) for name, one in each.items() if name not in ids},
    }
