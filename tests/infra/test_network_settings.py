"""Who is believed and who is let in, as an operator writes it."""

import os
import re
from ipaddress import ip_network
from pathlib import Path

import pytest

from domain.errors import BadInput
from infra.settings import load, names
from tests.infra.test_settings import FIT_FOR_PRODUCTION


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name in names() or re.search("_(BASE_URL|TOKEN_URL|MINIMUM_TLS)$", name):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def given(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_nothing_set_believes_this_machine_and_lets_everybody_in() -> None:
    settings = load()

    assert settings.trusted_proxies == (ip_network("127.0.0.0/8"), ip_network("::1"))
    assert settings.allowed_ips == ()
    assert settings.webhook_allowed_ips == {}
    assert settings.same_machine_hosts == ()


def test_lists_are_read_as_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    given(
        monkeypatch,
        TRUSTED_PROXIES="10.0.0.0/8, 2001:db8::/32",
        ALLOWED_IPS="198.51.100.7,::ffff:192.0.2.0/120",
        WEBHOOK_ALLOWED_IPS="vapi=167.150.224.0/23,192.0.2.1",
    )

    settings = load()

    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))
    assert settings.allowed_ips == (ip_network("198.51.100.7"), ip_network("192.0.2.0/24"))
    assert set(settings.webhook_allowed_ips) == {"vapi", ""}


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("TRUSTED_PROXIES", "10.0.0.0/8, 0.0.0.0/0", "would believe everybody"),
        ("TRUSTED_PROXIES", "::/0", "would believe everybody"),
        ("TRUSTED_PROXIES", "*", "neither an address nor a network"),
        ("ALLOWED_IPS", "clinic.example.com", "neither an address nor a network"),
        ("ALLOWED_IPS", "192.0.2.7/24", "neither an address nor a network"),
        ("WEBHOOK_ALLOWED_IPS", "vapi=nowhere", "neither an address nor a network"),
        ("WEBHOOK_ALLOWED_IPS", "vappi=192.0.2.0/24", "names a sender that is none of"),
    ],
)
def test_a_list_that_would_not_do_what_it_says_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    given(monkeypatch, **{name: value})

    with pytest.raises(BadInput, match=rf"{name}: .*{told}") as caught:
        load(vendors=())

    assert value not in str(caught.value)


def test_a_vendor_that_is_registered_may_be_a_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, WEBHOOK_ALLOWED_IPS="newcomer=192.0.2.0/24")

    with pytest.raises(BadInput):
        load(vendors=["gentu"])
    assert set(load(vendors=["newcomer"]).webhook_allowed_ips) == {"newcomer"}


def test_whoever_does_without_the_registry_takes_no_sender_amiss(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A command finds its folder for logs before it knows any PMS."""
    given(monkeypatch, WEBHOOK_ALLOWED_IPS="newcomer=192.0.2.0/24", PMS_SYNC_HOME="/elsewhere")

    assert load().home == Path("/elsewhere")


def test_production_asks_for_tls_to_both_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **FIT_FOR_PRODUCTION)

    settings = load()

    assert settings.database_url and settings.redis_url
    assert settings.database_url.get_secret_value().endswith("ssl_min_protocol_version=TLSv1.3")
    assert settings.redis_url.get_secret_value().endswith("ssl_min_version=772")
    assert settings.warnings == ()


def test_settling_for_tls_1_2_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    redis = f"{FIT_FOR_PRODUCTION['REDIS_URL']}?ssl_min_version=TLSv1.2"
    given(monkeypatch, **{**FIT_FOR_PRODUCTION, "REDIS_URL": redis})

    assert load().warnings == ("REDIS_URL allows TLS 1.2; 1.3 is safer",)


def test_servers_beside_it_need_no_tls_when_they_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    beside = {
        "DATABASE_URL": "postgresql://app@postgres/pms",
        "REDIS_URL": "redis://redis:6379/0",
    }
    given(monkeypatch, **FIT_FOR_PRODUCTION | beside)
    with pytest.raises(BadInput, match=r"(?s)DATABASE_URL: .*REDIS_URL: "):
        load()

    monkeypatch.setenv("SAME_MACHINE_HOSTS", "postgres, redis")

    assert load().is_production
