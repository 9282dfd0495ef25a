"""Links to Postgres and Redis: encrypted in production, and by which TLS."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from infra.links import lowered, postgres_link, redis_link
from infra.redis import connect
from tests.infra.certificates import certificate

POSTGRES = "postgresql://app:s3cr3t@db.example.com/pms"
REDIS = "rediss://:s3cr3t@cache.example.com:6379/0"


def postgres(url: str, *, production: bool = True, same_machine: tuple[str, ...] = ()) -> str:
    return postgres_link(url, production=production, same_machine=same_machine)


def valkey(url: str, *, production: bool = True, same_machine: tuple[str, ...] = ()) -> str:
    return redis_link(url, production=production, same_machine=same_machine)


@pytest.mark.parametrize(
    ("url", "used"),
    [
        (
            f"{POSTGRES}?sslmode=verify-full",
            f"{POSTGRES}?sslmode=verify-full&ssl_min_protocol_version=TLSv1.3",
        ),
        (
            f"{POSTGRES}?sslmode=require&ssl_min_protocol_version=TLSv1.2",
            f"{POSTGRES}?sslmode=require&ssl_min_protocol_version=TLSv1.2",
        ),
        ("postgres://app@localhost/pms", "postgresql://app@localhost/pms"),
        ("postgresql:///pms?host=/run/postgresql", "postgresql:///pms?host=/run/postgresql"),
    ],
)
def test_a_database_elsewhere_is_reached_by_tls_1_3_unless_its_address_says_otherwise(
    url: str, used: str
) -> None:
    assert postgres(url) == used
    assert postgres(used) == used


def test_a_redis_elsewhere_is_reached_by_tls_1_3_unless_its_address_says_otherwise() -> None:
    assert valkey(REDIS) == f"{REDIS}?ssl_min_version=772"
    assert valkey(f"{REDIS}?ssl_min_version=TLSv1.2") == f"{REDIS}?ssl_min_version=771"
    assert valkey(valkey(REDIS)) == valkey(REDIS)


@pytest.mark.parametrize(
    ("link", "url", "told"),
    [
        (postgres, POSTGRES, "the database is not local"),
        (postgres, f"{POSTGRES}?sslmode=prefer", "the database is not local"),
        (
            postgres,
            f"{POSTGRES}?sslmode=require&ssl_min_protocol_version=TLSv1.1",
            "must be one of TLSv1.2, TLSv1.3",
        ),
        (valkey, "redis://:s3cr3t@cache.example.com", "must start with rediss://"),
        (valkey, "redis://:s3cr3t@[2001:db8::1]", "must start with rediss://"),
        (valkey, f"{REDIS}?ssl_min_version=TLSv1", "must be one of TLSv1.2, TLSv1.3"),
        (valkey, f"{REDIS}?ssl_cert_reqs=none", "must not say ssl_cert_reqs"),
        (valkey, f"{REDIS}?ssl_check_hostname=false", "must not say ssl_check_hostname"),
        (postgres, "postgresql://u:s3cr3t@/db?host=db.example.com", "the database is not local"),
        (postgres, "postgresql:///db?hostaddr=203.0.113.4", "the database is not local"),
        (postgres, "postgresql:///db?host=/run/pg,db.example.com", "the database is not local"),
        (valkey, "redis://[s3cr3t", "is not a URL"),
    ],
)
def test_production_refuses_a_link_in_the_clear_and_quotes_none(
    link: Callable[[str], str], url: str, told: str
) -> None:
    with pytest.raises(ValueError, match=told) as caught:
        link(url)

    assert "s3cr3t" not in str(caught.value)


def test_outside_production_a_link_in_the_clear_may_be() -> None:
    assert valkey("redis://cache.example.com", production=False) == "redis://cache.example.com"
    assert "sslmode" not in postgres(POSTGRES, production=False)


def test_names_that_are_this_machine_need_no_tls() -> None:
    assert postgres("postgresql://a@postgres/b", same_machine=("postgres",)).endswith("/b")
    assert valkey("redis://redis:6379/0", same_machine=("redis",)) == "redis://redis:6379/0"
    with pytest.raises(ValueError, match="rediss"):
        valkey("redis://redis.example.com", same_machine=("redis",))


def test_settling_for_less_is_noticed() -> None:
    assert lowered(postgres(f"{POSTGRES}?sslmode=require&ssl_min_protocol_version=TLSv1.2"))
    assert lowered(valkey(f"{REDIS}?ssl_min_version=TLSv1.2"))
    assert not lowered(valkey(REDIS))
    assert not lowered(postgres(f"{POSTGRES}?sslmode=require"))


@contextmanager
def speaking(
    folder: Path, newest: ssl.TLSVersion, before: Callable[[socket.socket], None]
) -> Iterator[tuple[int, list[str]]]:
    """A server that shakes hands once, in that TLS at most; tells what was agreed on."""
    context, agreed = certificate(folder), list[str]()
    context.maximum_version = newest
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        raw, _ = listening.accept()
        with raw:
            before(raw)
            try:
                with context.wrap_socket(raw, server_side=True) as wrapped:
                    agreed.append(str(wrapped.version()))
            except OSError as error:
                agreed.append(type(error).__name__)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1], agreed
    finally:
        thread.join(timeout=5)
        listening.close()


def nothing(_: socket.socket) -> None:
    """Redis begins with TLS at once."""


def ssl_request(raw: socket.socket) -> None:
    """PostgreSQL is asked for TLS first."""
    raw.recv(8)
    raw.sendall(b"S")


@pytest.mark.parametrize(
    ("newest", "asked", "agreed"),
    [
        (ssl.TLSVersion.TLSv1_3, "", "TLSv1.3"),
        (ssl.TLSVersion.TLSv1_2, "", "SSLError"),
        (ssl.TLSVersion.TLSv1_2, "ssl_min_version=TLSv1.2", "TLSv1.2"),
    ],
)
def test_what_redis_is_spoken_to_in(
    tmp_path: Path, newest: ssl.TLSVersion, asked: str, agreed: str
) -> None:
    with speaking(tmp_path, newest, nothing) as (port, found):
        query = f"?ssl_ca_certs={tmp_path / 'cert.pem'}" + (f"&{asked}" if asked else "")
        client = connect(valkey(f"rediss://localhost:{port}/0{query}"), retries=0, seconds=2)
        with pytest.raises(redis.ConnectionError):
            client.ping()

    assert found[0] == agreed


@pytest.mark.parametrize(
    ("newest", "asked", "agreed"),
    [
        (ssl.TLSVersion.TLSv1_3, "", "TLSv1.3"),
        (ssl.TLSVersion.TLSv1_2, "", "SSLError"),
        (ssl.TLSVersion.TLSv1_2, "&ssl_min_protocol_version=TLSv1.2", "TLSv1.2"),
    ],
)
def test_what_postgres_is_spoken_to_in(
    tmp_path: Path, newest: ssl.TLSVersion, asked: str, agreed: str
) -> None:
    with speaking(tmp_path, newest, ssl_request) as (port, found):
        url = f"postgresql://app@db.example.com:{port}/pms?sslmode=require{asked}"
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(postgres(url), hostaddr="127.0.0.1", connect_timeout=2)

    assert found[0] == agreed
