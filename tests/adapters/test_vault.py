"""Secrets that were replaced while we held the old ones, and what the operator set for all."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from adapters.opening import Opener
from adapters.pms import open_vendor
from adapters.presets import preset_settings, presets
from adapters.rest.ports import Ports
from adapters.vault import StoredSecrets
from domain.errors import NeedsReconnect
from tests.contract.kit import NOW, FakeThrottle, FakeTokens, MockSender, fixture
from tests.fakes import FakeSecrets

REF = "pms/gentu/a/1"
OLD = {"client_id": "id-1", "client_secret": "old"}
NEW = {"client_id": "id-1", "client_secret": "new"}


class Cached(FakeSecrets):
    """A store that remembers, as the one over AWS does."""

    def __init__(self) -> None:
        super().__init__()
        self.remembered: dict[str, dict[str, str]] = {}
        self.forgotten = 0

    def get(self, ref: str) -> dict[str, str]:
        return self.remembered.setdefault(ref, self.kept[ref])

    def forget(self, ref: str) -> None:
        self.forgotten += 1
        self.remembered.pop(ref, None)


def gentu(good: str) -> Any:
    """Takes one client secret only."""
    told = fixture("gentu")
    practice = next(one["json"] for one in told.exchanges if "tenantName" in str(one["json"]))

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/oauth2/token"):
            wanted = httpx.BasicAuth("id-1", good)._auth_header  # noqa: SLF001 - what it would send
            is_good = request.headers["authorization"] == wanted
            return httpx.Response(200 if is_good else 401, json={"access_token": "tok-1"})
        return httpx.Response(200, json=practice)

    return handler


def opened(store: FakeSecrets, good: str) -> Any:
    told = fixture("gentu")
    ports = Ports(
        sender=MockSender(gentu(good)),
        throttle=FakeThrottle(),
        tokens=FakeTokens(),
        clock=lambda: NOW,
        vault=StoredSecrets(store, REF),
    )
    return open_vendor(told.vendor, told.connection, secrets=store.get(REF), ports=ports)


def test_secrets_replaced_elsewhere_are_read_anew_before_a_person_is_asked() -> None:
    store = Cached()
    store.put(REF, OLD)
    source = opened(store, good="new")
    store.put(REF, NEW)

    assert source.practice().site == fixture("gentu").connection.site
    assert store.get(REF) == NEW


def test_secrets_that_are_refused_are_forgotten_and_a_person_is_asked() -> None:
    store = Cached()
    store.put(REF, OLD)

    with pytest.raises(NeedsReconnect):
        opened(store, good="new").practice()

    assert store.forgotten == 1


def test_what_is_kept_leaves_the_rest_and_the_operators_own_alone() -> None:
    store = FakeSecrets()
    store.put(REF, {"refresh_token": "r-1", "code": "c-1"})
    vault = StoredSecrets(store, REF, preset={"client_id": "the operator's"})

    vault.keep({"refresh_token": "r-2", "code": None})

    assert store.get(REF) == {"refresh_token": "r-2"}
    assert vault.fresh() == {"refresh_token": "r-2", "client_id": "the operator's"}


SIGNED_IN = {"grant": "g-1", "refresh_token": "r-1"}


def test_a_refresh_token_renewed_on_trial_is_kept_by_those_in_use_too() -> None:
    store = FakeSecrets()
    store.put("held", {**SIGNED_IN, "refresh_token": "r-2"})
    store.put("trial", {**SIGNED_IN, "client_id": "new"})
    vault = StoredSecrets(store, "trial", in_use="held")

    fresh = vault.fresh()
    vault.keep({"refresh_token": "r-3"})

    assert fresh["refresh_token"] == "r-2"  # noqa: S105 - invented
    assert store.get("held") == {**SIGNED_IN, "refresh_token": "r-3"}
    assert store.get("trial") == {**SIGNED_IN, "refresh_token": "r-3", "client_id": "new"}


def test_a_new_sign_in_on_trial_leaves_the_one_in_use_alone() -> None:
    store = FakeSecrets()
    store.put("held", SIGNED_IN)
    store.put("trial", {"grant": "g-2", "code": "c-1"})
    vault = StoredSecrets(store, "trial", in_use="held")

    vault.keep({"refresh_token": "r-7", "code": None})

    assert vault.fresh() == {"grant": "g-2", "refresh_token": "r-7"}
    assert store.get("held") == SIGNED_IN


ENVIRONMENT = {
    "halaxy": {
        "vendor_name": SecretStr("Example Care"),
        "vendor_email": SecretStr("care@example.com"),
        "phone_is_telehealth": SecretStr("no"),
        "unknown": SecretStr("x"),
    },
    "medirecords": {
        "authorize_url": SecretStr("https://auth.example.com/authorize"),
        "scopes": SecretStr("read"),
        "client_id": SecretStr("id-1"),
        "client_secret": SecretStr("s-1"),
    },
    "somebody": {"vendor_name": SecretStr("x")},
}


def opener(**given: Any) -> Opener:
    return Opener(
        secrets=FakeSecrets(),
        tokens=FakeTokens(),  # type: ignore[arg-type] # nothing is forgotten here
        throttle=FakeThrottle(),
        clock=lambda: NOW,
        preset_settings=preset_settings(ENVIRONMENT),
        **given,
    )


def test_the_operator_sets_a_vendors_settings_for_every_practice() -> None:
    found = preset_settings(ENVIRONMENT)

    assert found["halaxy"] == {
        "vendor_name": "Example Care",
        "vendor_email": "care@example.com",
        "phone_is_telehealth": False,
    }
    assert found["medirecords"] == {
        "authorize_url": "https://auth.example.com/authorize",
        "scopes": "read",
    }
    assert "somebody" not in found
    assert presets(ENVIRONMENT)["medirecords"] == {"client_id": "id-1", "client_secret": "s-1"}


def test_halaxy_is_told_who_asks_by_the_operator_or_by_the_connection() -> None:
    told = fixture("halaxy")
    bare = replace(told.connection, settings={"vendor_name": None})
    own = replace(bare, settings={"vendor_name": "Our own name"})
    headers_of = told.vendor.headers_of
    assert headers_of is not None

    by_operator, by_connection = (opener().placed(one) for one in (bare, own))

    assert headers_of(by_operator)["user-agent"] == "Example Care (care@example.com)"
    assert headers_of(by_connection)["user-agent"] == "Our own name (care@example.com)"
