"""Puts the ingress together and runs it."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from types import FrameType

import structlog
import uvicorn
from anyio import to_thread
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from pydantic import SecretStr
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles

import migrations
from adapters.presets import preset_settings, presets
from adapters.queue import RedisAnnouncer
from adapters.replies import Replies
from adapters.secrets.choosing import secret_store
from adapters.texts.choosing import is_set_up
from adapters.vapi.plans import plans
from domain.accesses import ReadingLimits
from infra import database, logging, redis
from infra.clock import system_clock
from infra.listening import listening
from infra.memory import keep_what_is_loaded
from infra.sealing import Keyring, Sealer
from infra.settings import Settings
from producers import health, problems, routes, turns
from producers.arrivals import WAYS, Arrivals, Rules
from producers.callers import Voice
from producers.crashing import Crashes
from producers.describing import Api, operation_id
from producers.following import Hub
from producers.headers import Headers
from producers.knowing import knowing
from producers.limits import BodyLimit
from producers.marketplace import marketplace
from producers.metrics.page import router as metrics_page
from producers.metrics.registry import Metrics
from producers.pages.rendering import NavItem
from producers.ports import Ports
from producers.security import whoever
from producers.watching import Watching

log = structlog.get_logger(__name__)

STATIC = Path(__file__).parent / "pages" / "static"
PAGES, BESIDE = 12, 6
"""Threads that answer people and programs, and those of streams, desks and vendors' webhooks."""

CONNECTIONS = PAGES + BESIDE + turns.THREADS + 2
"""One for each, so that callers find theirs however many wait at the database; the others are for
who tells streams of events, and for metrics."""

SWITCH_SECONDS = 0.0005
"""A caller's answer takes many steps, and each waits so long for every thread that computes a long
page meanwhile: with the 5 ms that Python gives them they added up to seconds."""

GRACE_SECONDS = 20
"""A caller who asked hears an answer: that takes as long as LAST_SECONDS."""


def create_app(ports: Ports) -> FastAPI:
    """The application; nothing is connected before it starts."""
    app = Api(
        title="pms-sync",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
    )
    served, links, paths = _routes()
    app.state.ports, app.state.nav = ports, links
    app.state.metrics = Metrics(ports.database, ports.redis, ports.hub)
    app.state.metrics.expects([*paths, *WAYS])
    app.router.routes.extend(served)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    problems.install(app, whoever=whoever)
    # The last one added is the first one reached.
    app.add_middleware(BodyLimit, knows=knowing(ports))
    app.add_middleware(Crashes, sorry=problems.crash)
    app.add_middleware(Arrivals, rules=ports.rules, base_url=ports.base_url)
    app.add_middleware(Headers, is_secure=ports.is_secure)
    app.add_middleware(Watching, metrics=app.state.metrics)
    return app


@cache
def _routes() -> tuple[list[BaseRoute], list[NavItem], list[str]]:
    """What is served, the navigation, and all paths: found once, however many serve them."""
    routers, links = routes.found()
    whole = APIRouter(redirect_slashes=False, generate_unique_id_function=operation_id)
    for router in (health.router, metrics_page, *routers):
        whole.include_router(router)
    paths = [one.path for router in routers for one in router.routes if isinstance(one, APIRoute)]
    return list(whole.routes), links, paths


def ports_from(settings: Settings) -> Ports:
    """Everything real; `settings` name a database and a Redis by now, embedded or not."""
    if settings.database_url is None or settings.redis_url is None:
        raise ValueError("start the embedded servers first, or set DATABASE_URL and REDIS_URL")
    url = settings.database_url.get_secret_value()
    engine = database.engine(url, application_name="pms-sync ingress", pool_size=CONNECTIONS)
    keys = Keyring.from_hex(
        settings.encryption_key.get_secret_value(), old=settings.old_encryption_keys
    )
    sealer = Sealer(keys)
    return Ports(
        database=engine,
        redis=redis.hurried(settings.redis_url.get_secret_value()),
        sealer=sealer,
        clock=system_clock,
        hub=Hub(engine, url),
        base_url=settings.app_base_url,
        newest_revision=migrations.newest(),
        jwt_secret=settings.jwt_secret.get_secret_value(),
        jwt_secrets_old=settings.old_jwt_secrets,
        secrets=secret_store(settings, sealer),
        secrets_prefix=settings.secrets_prefix,
        presets=presets(settings.vendor_secrets),
        preset_settings=preset_settings(settings.vendor_secrets),
        urls=settings.vendor_urls,
        is_production=settings.is_production,
        rules=_rules(settings),
        usual_hours=settings.usual_hours,
        voice=_voice(settings, settings.redis_url.get_secret_value()),
        marketplace=marketplace(settings),
        twilio_auth_token=_revealed(settings.twilio_auth_token),
        metrics_token=_revealed(settings.metrics_token),
        reading=_reading(settings),
    )


def _rules(settings: Settings) -> Rules:
    return Rules(
        trusted_proxies=settings.trusted_proxies,
        allowed=settings.allowed_ips,
        webhooks=settings.webhook_allowed_ips,
        https_only=settings.is_production,
    )


def _reading(settings: Settings) -> ReadingLimits:
    return ReadingLimits(
        rows_an_hour=settings.read_rows_an_hour, rows_a_day=settings.read_rows_a_day
    )


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _voice(settings: Settings, redis_url: str) -> Voice:
    key = settings.jwt_secret.get_secret_value()
    return Voice(
        plans=plans(settings, signing_key=key, older_keys=settings.old_jwt_secrets),
        replies=Replies(redis_url),
        announcer=RedisAnnouncer(redis_url, client=redis.hurried(redis_url)),
        calls_a_minute=settings.vapi_calls_a_minute,
        sends_texts=is_set_up(settings),
    )


def run(settings: Settings, *, port: int, host: str = "127.0.0.1") -> None:
    """Serve until told to stop; open streams are ended first, requests are finished."""
    as_json = {"json": True, "console": False}.get(settings.log_format, not sys.stderr.isatty())
    logging.configure(json=as_json, level=settings.log_level)
    sockets = listening(host, port)
    ports = ports_from(settings)
    config = uvicorn.Config(
        create_app(ports),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        # `Arrivals` decides whom to believe; a second opinion would come first and win.
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    keep_what_is_loaded()
    _Server(config, ports.hub).run(sockets)


class _Server(uvicorn.Server):
    """Lets go of those who follow events, who would otherwise hold up the end."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Says itself where it listens: of sockets it is given the server says nothing."""
        await super().startup(sockets=sockets)
        if self.started:
            log.info("ingress.started", host=self.config.host, port=self.config.port)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._hub.stop()
        super().handle_exit(sig, frame)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    ports: Ports = app.state.ports
    sys.setswitchinterval(SWITCH_SECONDS)
    to_thread.current_default_thread_limiter().total_tokens = PAGES
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(BESIDE))
    ports.hub.start()
    if ports.voice is not None:
        ports.voice.replies.start()
    yield
    if ports.voice is not None:
        ports.voice.replies.stop()
    ports.hub.stop()
    ports.hub.join()
    ports.redis.close()
    ports.database.dispose()
