"""A person lets us in once; from then on refresh tokens do, kept before anything is used."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

from adapters.pms import open_vendor, registered
from adapters.pms.medirecords import VENDOR
from adapters.rest.caller import Caller
from adapters.rest.ports import Ports
from adapters.rest.sign_in import Begun, SignIn, challenge
from adapters.vault import StoredSecrets
from domain.appointments import Practice
from domain.connections import Connection
from domain.errors import BadInput, BrokenContract, NeedsReconnect, SyncError
from tests.contract.kit import NOW, FakeThrottle, FakeTokens, MockSender, fixture
from tests.fakes import FakeSecrets

REF = "pms/medirecords/a/1"
SIGNED_IN = {"client_id": "id-1", "client_secret": "s-1", "grant": "g-1", "refresh_token": "r-1"}
JUST_BACK = {
    "client_id": "id-1",
    "client_secret": "s-1",
    "grant": "g-1",
    "code": "c-1",
    "verifier": "v-1",
    "redirect_uri": "https://sync.example.com/setup/oauth/return",
}
DESK_AT = "https://auth.example.com/token"
CONNECTION: Connection = replace(fixture("medirecords").connection, token_url=DESK_AT)
SETTINGS = {"authorize_url": "https://auth.example.com/authorize", "scopes": "read offline"}


@dataclass
class Desk:
    """The vendor's token endpoint, and a practice behind it; what buys a token works once."""

    refresh: str | None = "r-1"
    rotates: bool = True
    code: str = "c-1"
    asked: list[dict[str, str]] = field(default_factory=list)
    good: set[str] = field(default_factory=set)
    garbled: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != "/token":
            is_in = request.headers["authorization"].removeprefix("Bearer ") in self.good
            site = CONNECTION.site
            return httpx.Response(200 if is_in else 401, json={"id": site, "name": "Example"})
        form = dict(parse_qsl(request.content.decode()))
        self.asked.append(form)
        if self.refresh is None or not self._takes(form):
            return httpx.Response(400, json={"error": "invalid_grant"})
        return httpx.Response(200, json=self._granted())

    def _takes(self, form: Mapping[str, str]) -> bool:
        if "code" not in form:
            return form.get("refresh_token") == self.refresh
        code, self.code = self.code, ""
        return form["code"] == code

    def _granted(self) -> dict[str, Any]:
        number = len(self.asked)
        self.good = {f"tok-{number}"}
        told: dict[str, Any] = {"access_token": f"tok-{number}", "expires_in": 600}
        if self.rotates:
            self.refresh = told["refresh_token"] = f"r-{number + 1}"
        if number <= self.garbled:
            told["access_token"] = None
        return told


@dataclass
class Rig:
    """Medirecords opened with what is stored."""

    desk: Desk = field(default_factory=Desk)
    store: FakeSecrets = field(default_factory=FakeSecrets)
    tokens: FakeTokens = field(default_factory=FakeTokens)

    def ports(self, *, stored: bool = True) -> Ports:
        return Ports(
            sender=MockSender(self.desk),
            throttle=FakeThrottle(),
            tokens=self.tokens,
            clock=lambda: NOW,
            vault=StoredSecrets(self.store, REF) if stored else None,
        )

    def practice(self) -> Practice:
        secrets = dict(self.store.get(REF))
        return open_vendor(VENDOR, CONNECTION, secrets=secrets, ports=self.ports()).practice()


def signed_in(secrets: Mapping[str, str] = SIGNED_IN, **desk: Any) -> Rig:
    rig = Rig(Desk(**desk))
    rig.store.put(REF, secrets)
    return rig


def test_the_person_is_sent_to_the_page_the_operator_named() -> None:
    begun = Begun(state="st-1", verifier="v-1")

    page = SignIn().page(
        SETTINGS, client_id="id-1", redirect_uri="https://x.example/r", begun=begun
    )

    parts = urlsplit(page)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == SETTINGS["authorize_url"]
    assert {name: one[0] for name, one in parse_qs(parts.query).items()} == {
        "response_type": "code",
        "client_id": "id-1",
        "redirect_uri": "https://x.example/r",
        "scope": "read offline",
        "state": "st-1",
        "code_challenge": challenge("v-1"),
        "code_challenge_method": "S256",
    }


def test_the_challenge_is_the_one_of_the_standards_own_example() -> None:
    assert (
        challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )


@pytest.mark.parametrize("url", ["http://evil.example/a", "javascript:alert(1)", "/authorize"])
def test_nobody_is_sent_to_a_page_that_is_not_https(url: str) -> None:
    begun = Begun(state="s", verifier="v")

    with pytest.raises(BadInput, match="authorize_url"):
        SignIn().page({"authorize_url": url}, client_id="i", redirect_uri="r", begun=begun)


@pytest.mark.parametrize(
    ("settings", "secrets", "token_url", "offered"),
    [
        ({}, {}, None, False),
        (SETTINGS, {}, DESK_AT, False),
        (SETTINGS, {"client_id": "id-1"}, None, False),
        ({}, {"client_id": "id-1"}, DESK_AT, False),
        (SETTINGS, {"client_id": "id-1"}, DESK_AT, True),
    ],
)
def test_it_is_off_until_the_operator_has_set_all_of_it(
    settings: dict[str, str], secrets: dict[str, str], token_url: str | None, *, offered: bool
) -> None:
    assert SignIn().is_offered(settings, secrets, token_url=token_url) is offered


def test_only_medirecords_may_be_signed_in_to_and_an_entered_token_stays_its_usual_way() -> None:
    assert [one.name for one in registered().values() if one.sign_in] == ["medirecords"]
    assert VENDOR.auth_by({"token": "t-1"}) is VENDOR.auth
    assert VENDOR.auth_by(SIGNED_IN) is VENDOR.sign_in
    assert "auth.example.com" in VENDOR.hosts(CONNECTION)


def test_the_code_is_exchanged_once_and_only_what_lasts_is_kept() -> None:
    rig = signed_in(JUST_BACK)

    assert rig.practice().name == "Example"

    (asked,) = rig.desk.asked
    assert asked == {
        "grant_type": "authorization_code",
        "code": "c-1",
        "code_verifier": "v-1",
        "redirect_uri": "https://sync.example.com/setup/oauth/return",
        "client_id": "id-1",
        "client_secret": "s-1",
    }
    assert rig.store.get(REF) == {**SIGNED_IN, "refresh_token": "r-2"}


def test_a_refresh_token_that_is_replaced_is_kept_and_the_next_one_used() -> None:
    rig = signed_in()

    rig.practice()
    rig.tokens.kept.clear()
    rig.practice()

    assert [one["refresh_token"] for one in rig.desk.asked] == ["r-1", "r-2"]
    assert rig.store.get(REF) == {**SIGNED_IN, "refresh_token": "r-3"}


@pytest.mark.parametrize("secrets", [SIGNED_IN, JUST_BACK])
def test_a_refresh_token_is_kept_though_the_token_beside_it_cannot_be_used(
    secrets: Mapping[str, str],
) -> None:
    rig = signed_in(secrets, garbled=1)
    with pytest.raises(BrokenContract, match="holds no token"):
        rig.practice()

    assert rig.practice().name == "Example"
    assert rig.store.get(REF) == {**SIGNED_IN, "refresh_token": "r-3"}


def test_one_that_stays_is_not_written_again() -> None:
    rig = signed_in(rotates=False)
    before = rig.store.get(REF)

    rig.practice()

    assert rig.store.get(REF) is before


def test_a_token_that_is_refused_is_renewed_with_the_refresh_token() -> None:
    rig = signed_in()
    rig.practice()
    rig.desk.good = set()

    assert rig.practice().name == "Example"
    assert rig.tokens.renewals == 1


def test_another_process_that_rotated_it_meanwhile_is_no_reason_to_ask_a_person() -> None:
    rig = signed_in()
    secrets = dict(rig.store.get(REF))
    source = open_vendor(VENDOR, CONNECTION, secrets=secrets, ports=rig.ports())
    rig.desk.refresh = "r-9"
    rig.store.put(REF, {**SIGNED_IN, "refresh_token": "r-9"})

    assert source.practice().name == "Example"
    assert [one["refresh_token"] for one in rig.desk.asked] == ["r-9"]


def test_a_sign_in_that_ended_needs_a_person() -> None:
    rig = signed_in(refresh=None)

    with pytest.raises(NeedsReconnect, match="sign in again"):
        rig.practice()


def test_without_a_refresh_token_the_sign_in_lasts_as_long_as_its_first_token() -> None:
    rig = signed_in(JUST_BACK, rotates=False)

    assert rig.practice().name == "Example"
    (token,) = rig.tokens.kept.values()
    assert token.expires_at == NOW + timedelta(seconds=540)
    rig.tokens.kept.clear()
    with pytest.raises(NeedsReconnect, match="sign in again"):
        rig.practice()


def test_a_sign_in_that_is_stored_nowhere_is_not_used_up() -> None:
    rig = signed_in()
    source = open_vendor(VENDOR, CONNECTION, secrets=SIGNED_IN, ports=rig.ports(stored=False))

    with pytest.raises(BadInput, match="store them first"):
        source.practice()


def test_a_token_is_shared_by_its_sign_in_and_told_to_nobody_else() -> None:
    rig = signed_in()

    def key(**changed: str) -> str | None:
        secrets = {**SIGNED_IN, **changed}
        return Caller(VENDOR, SignIn(), CONNECTION, secrets, rig.ports()).token_key()

    assert key() == key(refresh_token="r-7")  # noqa: S106 - invented
    assert len({key(), key(grant="g-2"), key(client_id="id-2")}) == 3
    assert not any(value in str(key()) for value in SIGNED_IN.values())


def test_an_error_tells_neither_the_code_nor_a_token() -> None:
    rig = signed_in(JUST_BACK, refresh=None)

    with pytest.raises(SyncError) as failure:
        rig.practice()

    assert not [one for one in JUST_BACK.values() if one in f"{failure.value!r}"]
