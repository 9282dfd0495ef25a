"""Opens a connection's PMS with everything that takes: its secrets, its host, the shared clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from adapters import pms
from adapters.presets import Presets, PresetSettings
from adapters.rest.caller import Caller
from adapters.rest.memory import Memory
from adapters.rest.ports import Ports
from adapters.taping import Recorder
from adapters.vault import StoredSecrets, Unstored
from domain.connections import Connection
from domain.credentials import ForgettableTokens, SecretStore
from domain.desk import PracticeDesk
from domain.errors import NeedsReconnect
from domain.limits import Throttle
from domain.sources import AppointmentSource
from infra.http import Client
from infra.vendor_urls import VendorUrls, is_loopback

REMEMBER_SECONDS = 300
"""How long a patient asked for by id is remembered: long enough for a page and its waits."""

MOST_MEMORIES = 64

USER_AGENT = "pms-sync/0.1 (support@pms-sync.invalid)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opener:
    """Shared by the threads of a process; HTTP connections are pooled for each set of hosts."""

    secrets: SecretStore
    tokens: ForgettableTokens
    throttle: Throttle
    clock: Callable[[], datetime]
    urls: Mapping[str, VendorUrls] = field(default_factory=dict)
    presets: Presets = field(default_factory=dict, repr=False)
    preset_settings: PresetSettings = field(default_factory=dict)
    unstored: Unstored | None = None
    is_production: bool = False
    _remembered: Memory | None = None
    _tape: Recorder | None = None
    _memories: Memory = field(
        default_factory=lambda: Memory(most=MOST_MEMORIES, seconds=REMEMBER_SECONDS)
    )
    _codes: dict[str, Any] = field(default_factory=dict)
    _clients: dict[frozenset[str], Client] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __call__(self, connection: Connection) -> AppointmentSource:
        """The source, ready to be asked; no request is made yet."""
        here = self.placed(connection)
        secrets = self.secrets_of(here)
        if self._tape is not None:
            self._tape.opened(here, secrets)
        return pms.open_source(here, secrets=secrets, ports=self.stored_ports(here))

    def desk(self, connection: Connection, *, voice: bool = False) -> PracticeDesk | None:
        """The practice's desk, for somebody who waits or not; None where its PMS has none."""
        here = self.placed(connection)
        described = pms.vendor(here.vendor)
        if described.desk is None:
            return None
        ports = replace(self.stored_ports(here), voice=voice)
        return described.desk(described, here, secrets=self.secrets_of(here), ports=ports)

    def remembering(self, key: str) -> "Opener":
        """The same for one piece of work: its attempts share what was asked for, no other does.

        A sync or a refetch that begins must not be told of a patient as an earlier one saw them.
        """
        with self._lock:
            kept = self._memories.get(key)
            if kept is None:
                kept = Memory(seconds=REMEMBER_SECONDS)
            self._memories[key] = kept
        return replace(self, _remembered=kept)

    def recorded(self, tape: Recorder) -> "Opener":
        """The same with a recording looking on; it is to hold code lists, too."""
        return replace(self, _tape=tape, _codes={})

    @property
    def known(self) -> int:
        """How much the work it remembers for has asked for by now."""
        return 0 if self._remembered is None else len(self._remembered)

    def placed(self, connection: Connection) -> Connection:
        """With the addresses and settings of the environment, where it has none itself."""
        told = self.urls.get(connection.vendor, VendorUrls())
        return replace(
            connection,
            base_url=connection.base_url or told.base_url,
            token_url=connection.token_url or told.token_url,
            settings={**self.preset_settings.get(connection.vendor, {}), **_set(connection)},
        )

    def secrets_of(self, connection: Connection) -> Mapping[str, str]:
        """Its own, over those the operator set for every practice of its vendor."""
        preset = self.presets.get(connection.vendor, {})
        if connection.secret_ref is not None:
            return {**preset, **self.secrets.get(connection.secret_ref)}
        if not preset:
            raise NeedsReconnect("This connection has no credentials; sign in again.")
        return preset

    def token_key(self, connection: Connection, secrets: Mapping[str, str]) -> str | None:
        """What the token bought with these secrets is shared under, if one is bought."""
        here = self.placed(connection)
        vendor = pms.vendor(here.vendor)
        auth = vendor.auth_by(secrets)
        if auth is None:
            return None
        return Caller(vendor, auth, here, secrets, self.ports(here)).token_key()

    def stored_ports(self, connection: Connection, *, in_use: str | None = None) -> Ports:
        """For a source that is opened with the secrets its connection has stored.

        `in_use` names those it still goes by, while others are tried.
        """
        if connection.secret_ref is None:
            return self.ports(connection)
        preset = self.presets.get(connection.vendor, {})
        other = in_use if in_use != connection.secret_ref else None
        vault = StoredSecrets(
            self.secrets, connection.secret_ref, preset, other, unstored=self.unstored
        )
        return replace(self.ports(connection), vault=vault)

    def ports(self, connection: Connection) -> Ports:
        return Ports(
            sender=self._client(connection),
            tokens=self.tokens,
            throttle=self.throttle,
            clock=self.clock,
            remembered=self._remembered,
            codes=self._codes,
            tape=self._tape,
        )

    def close(self) -> None:
        """Close what was pooled; the process, or a test, is ending."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _client(self, connection: Connection) -> Client:
        hosts = pms.vendor(connection.vendor).hosts(connection)
        urls = [url for url in (connection.base_url, connection.token_url) if url]
        local = any(is_loopback(urlsplit(url).hostname or "") for url in urls)
        with self._lock:
            if hosts not in self._clients:
                tls = self.urls.get(connection.vendor, VendorUrls()).minimum_tls
                self._clients[hosts] = Client(
                    hosts,
                    USER_AGENT,
                    allow_loopback_http=local and not self.is_production,
                    minimum_tls="1.2" if tls == "1.2" else "1.3",
                )
            return self._clients[hosts]


def _set(connection: Connection) -> Mapping[str, Any]:
    return {key: value for key, value in connection.settings.items() if value is not None}
