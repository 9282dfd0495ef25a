"""What the ingress needs from outside, made once in `main` and handed to every handler."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request
from redis import Redis
from sqlalchemy import Engine

from adapters.presets import Presets, PresetSettings
from adapters.storage.sheet.entries import EntrySeal
from domain.accesses import ReadingLimits
from domain.credentials import SecretStore
from domain.rhythm import USUAL
from infra.clock import Clock
from infra.sealing import Sealer
from infra.vendor_urls import VendorUrls
from producers.arrivals import Rules
from producers.callers import Voice
from producers.crowds import Crowds
from producers.following import Hub
from producers.marketplace import Marketplace


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The database, the seal, the clock, Redis, who is listening, and where secrets are kept.

    `presets` are the operator's secrets for all practices of a vendor, `urls` where it is reached.
    Without `voice` no caller is served. A check of a connection is awaited for `check_seconds`.
    """

    database: Engine
    redis: Redis
    sealer: Sealer
    clock: Clock
    hub: Hub
    base_url: str
    newest_revision: str
    jwt_secret: str = field(repr=False)
    secrets: SecretStore = field(repr=False)
    jwt_secrets_old: tuple[str, ...] = field(default=(), repr=False)
    secrets_prefix: str = ""
    presets: Presets = field(default_factory=dict, repr=False)
    preset_settings: PresetSettings = field(default_factory=dict)
    urls: Mapping[str, VendorUrls] = field(default_factory=dict)
    is_production: bool = False
    rules: Rules = field(default_factory=Rules)
    voice: Voice | None = None
    check_seconds: float = 15.0
    twilio_auth_token: str | None = field(default=None, repr=False)
    usual_hours: Mapping[str, Any] = field(default_factory=lambda: dict(USUAL))
    metrics_token: str | None = field(default=None, repr=False)
    marketplace: Marketplace = field(default_factory=Marketplace)
    reading: ReadingLimits = field(default_factory=ReadingLimits)
    crowds: Crowds = field(default_factory=Crowds)

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach us over https, so that cookies must stay there."""
        return self.base_url.startswith("https://")

    def seal(self, account_id: str) -> EntrySeal:
        return EntrySeal(self.sealer, account_id=account_id)


async def ports_of(request: Request) -> Ports:
    # On no thread: a caller would wait behind every page that waits for the database.
    ports: Ports = request.app.state.ports
    return ports


GivenPorts = Annotated[Ports, Depends(ports_of)]
