"""Puts the parts of one command together: settings, servers, database, keys."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from redis import Redis
from sqlalchemy import Engine, inspect, text

import migrations
from adapters import pms
from adapters.anchors.choosing import anchor, of_home
from adapters.opening import Opener
from adapters.presets import preset_settings, presets
from adapters.secrets.choosing import secret_store
from adapters.storage.audit.audit_chain import Chaining
from adapters.storage.jobs.spent import StoredSpent
from adapters.storage.sheet.entries import EntrySeal
from adapters.texts.choosing import text_sender
from adapters.throttle.clock import RedisThrottle
from adapters.tokens import RedisTokens
from adapters.told_limits import told_limits
from adapters.vapi.controlling import LiveCallControl
from adapters.vault import Unstored
from console import output
from domain.accesses import Thresholds
from domain.credentials import SecretStore
from domain.errors import BadInput
from infra import embedded, settings
from infra.audit_keys import audit_keys
from infra.clock import system_clock
from infra.database import engine, transaction
from infra.redis import connect
from infra.sealing import Keyring, Sealer
from infra.settings import Settings
from infra.stopping import Stopping
from infra.vendor_urls import VendorUrls
from workers.works import Parts

NOBODY = " "
"""A blank takes the place of what .env says; without a word in the environment that would count."""

CONNECTIONS = 5


class Wiring:
    """What a command may need; each part is made when it is first asked for."""

    def __init__(
        self,
        settings: Settings,
        *,
        database_url: str,
        redis_url: str,
        connections: int = CONNECTIONS,
        revive: Callable[[], list[str]] = list,
    ) -> None:
        self.settings = settings
        self.revive = revive
        self._connections = connections
        self.database_url = database_url
        self.redis_url = redis_url

    @cached_property
    def engine(self) -> Engine:
        # So that pg_stat_activity tells a worker from a command somebody has left open.
        name = " ".join(["pms-sync", *sys.argv[1:2]])
        return engine(self.database_url, application_name=name, pool_size=self._connections)

    @cached_property
    def redis(self) -> Redis:
        return connect(self.redis_url)

    @cached_property
    def sealer(self) -> Sealer:
        keys = Keyring.from_hex(
            self.settings.encryption_key.get_secret_value(), old=self.settings.old_encryption_keys
        )
        return Sealer(keys)

    @cached_property
    def secrets(self) -> SecretStore:
        return secret_store(self.settings, self.sealer)

    @cached_property
    def tokens(self) -> RedisTokens:
        return RedisTokens(self.redis, self.sealer, system_clock)

    @cached_property
    def unstored(self) -> Unstored:
        return Unstored(self.redis, self.sealer)

    @cached_property
    def opener(self) -> Opener:
        """Opens any connection's PMS within the budgets all processes share."""
        return Opener(
            secrets=self.secrets,
            tokens=self.tokens,
            throttle=RedisThrottle(self.redis, StoredSpent(self.engine)),
            clock=system_clock,
            urls=self.settings.vendor_urls,
            presets=presets(self.settings.vendor_secrets),
            preset_settings=preset_settings(self.settings.vendor_secrets),
            unstored=self.unstored,
            is_production=self.settings.is_production,
        )

    @cached_property
    def chaining(self) -> Chaining:
        return Chaining(
            engine=self.engine,
            keys=audit_keys(self.settings),
            anchor=anchor(self.settings),
            clock=system_clock,
        )

    def parts(self) -> Parts:
        """What a worker's handlers share."""
        return Parts(
            engine=self.engine,
            sealer=self.sealer,
            opener=self.opener,
            clock=system_clock,
            stopping=Stopping(),
            redis=self.redis,
            control=LiveCallControl(
                self.settings.vendor_urls.get("vapi", VendorUrls()).base_url,
                is_production=self.settings.is_production,
            ),
            secrets_prefix=self.settings.secrets_prefix,
            texts=text_sender(self.settings),
            chaining=self.chaining,
            thresholds=thresholds(self.settings),
            usual_hours=self.settings.usual_hours,
            rejects_days=self.settings.rejects_keep_days,
            recordings_days=self.settings.recordings_keep_days,
        )

    def entry_seal(self, account_id: str) -> EntrySeal:
        return EntrySeal(self.sealer, account_id=account_id)

    def environment(self) -> dict[str, str]:
        """What a child process has to be told to use the same servers, and to reach no others."""
        given = self.settings
        return {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "PMS_SYNC_HOME": str(given.home.resolve()),
            "ENCRYPTION_KEY": given.encryption_key.get_secret_value(),
            "JWT_SECRET": given.jwt_secret.get_secret_value(),
            "AUDIT_ANCHOR": given.audit_anchor or str(of_home(given.home.resolve())),
            "SECRETS_BACKEND": given.secrets_backend,
            "TWILIO_ACCOUNT_SID": given.twilio_account_sid or NOBODY,
        }

    def close(self) -> None:
        if "opener" in self.__dict__:
            self.opener.close()
        if "engine" in self.__dict__:
            self.engine.dispose()
        if "redis" in self.__dict__:
            self.redis.close()


@contextmanager
def wired(
    *,
    migrated: bool = True,
    home: Path | None = None,
    connections: int = CONNECTIONS,
    wait: Callable[[], object] | None = None,
    stays: bool = False,
) -> Iterator[Wiring]:
    """The parts over the servers of the environment, or the embedded ones under the home folder.

    `home` takes the place of PMS_SYNC_HOME and of any server in the environment; `connections`
    is how many the process holds to the database at most. With `wait`, embedded servers that
    another process has are not joined but waited for. One that `stays` has the servers for as long
    as others may want them; any other is let end by the next command before that begins.
    """
    given = settings.load(vendors=pms.registered())
    if home is not None:
        given = _moved(given, home)
    limits = told_limits(given.vendor_secrets)
    with (
        pms.instead(limits),
        servers(given, wait=wait, stays=stays) as (database_url, redis_url, revive),
    ):
        wiring = Wiring(
            given,
            database_url=database_url,
            redis_url=redis_url,
            connections=connections,
            revive=revive,
        )
        try:
            if migrated:
                ensure_schema(wiring)
            yield wiring
        finally:
            wiring.close()


@contextmanager
def servers(
    given: Settings, *, wait: Callable[[], object] | None = None, stays: bool = False
) -> Iterator[tuple[str, str, Callable[[], list[str]]]]:
    """Addresses of Postgres and Redis; what the environment does not name is started or joined.

    The third part starts again what of them has died, if they are this process's to keep.
    """
    database = given.database_url and given.database_url.get_secret_value()
    redis = given.redis_url and given.redis_url.get_secret_value()
    if database and redis:
        yield database, redis, list
        return
    home = given.home
    brief = None if stays else _tell_waiting
    with embedded.own(home, wait=wait) if wait else embedded.start(home, brief=brief) as running:
        yield database or running.database_url, redis or running.redis_url, running.revive


def _tell_waiting() -> None:
    output.err().print("Another command has the servers now; letting it end ...")


def revision(database: Engine) -> str | None:
    """The migration the database is at; None for one that has none of our tables."""
    with transaction(database) as db:
        if not inspect(db).has_table("alembic_version"):
            return None
        found: str | None = db.execute(
            text("SELECT version_num FROM alembic_version")
        ).scalar_one_or_none()
        return found


def thresholds(given: Settings) -> Thresholds:
    """From how much on reading of patients is told as odd."""
    return Thresholds(
        patients_an_hour=given.watch_patients_an_hour,
        denials_an_hour=given.watch_denials_an_hour,
        exports_a_day=given.watch_exports_a_day,
        hours_outside=given.watch_hours_outside,
        new_address_patients=given.watch_new_address_patients,
        # Whoever was refused is told of, whatever the thresholds.
        rows_an_hour=min(given.watch_rows_an_hour, given.read_rows_an_hour),
        rows_a_day=given.read_rows_a_day,
        sheet_days=given.watch_sheet_days,
    )


def _moved(given: Settings, home: Path) -> Settings:
    """Settings with everything of this machine, keys made here included, elsewhere."""
    if given.is_production:
        raise BadInput("Nothing is played in production; set PMS_SYNC_PROFILE=development for it.")
    return settings.apart(given, home)


def ensure_schema(wiring: Wiring) -> None:
    """The embedded database follows the code by itself; any other waits to be told."""
    if migrations.is_served(revision(wiring.engine)):
        return
    if wiring.settings.database_url is not None:
        raise BadInput("The database is not at this version's schema; run 'pms-sync migrate'.")
    migrations.upgrade(wiring.database_url)
