"""Secrets an operator sets for every practice of a vendor are found by their names alone."""

import os

import pytest

from adapters.presets import presets
from infra.settings import load
from infra.vendor_secrets import vendor_secrets

FROM_OUTSIDE = {
    "GENTU_CLIENT_ID": "client-1",
    "GENTU_APP_ID": "app-1",
    "GENTU_BASE_URL": "https://sandbox.example.com",
    "GENTU_COLOUR": "red",
    "HALAXY_CLIENT_SECRET": "",
    "SIKKA_APP_ID": "named elsewhere",
    "GENTU": "nothing",
    "CLIENT_ID": "nobody's",
}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("GENTU_", "HALAXY_", "MEDIRECORDS_")):
            monkeypatch.delenv(name)


def test_what_carries_a_vendors_name_and_is_no_address_is_taken() -> None:
    found = vendor_secrets(FROM_OUTSIDE, vendors={"gentu", "sikka"}, others={"SIKKA_APP_ID"})

    assert set(found) == {"gentu"}
    assert set(found["gentu"]) == {"client_id", "app_id", "colour"}
    assert "client-1" not in repr(found)


def test_only_secrets_the_vendor_knows_are_used() -> None:
    found = vendor_secrets(FROM_OUTSIDE, vendors={"gentu"}, others=())

    assert presets(found) == {"gentu": {"client_id": "client-1", "app_id": "app-1"}}


def test_the_settings_carry_them_and_show_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENTU_CLIENT_SECRET", "s3cr3t")

    settings = load(vendors=["gentu"])

    assert presets(settings.vendor_secrets) == {"gentu": {"client_secret": "s3cr3t"}}
    assert "s3cr3t" not in f"{settings!r}{settings.model_dump()}"
