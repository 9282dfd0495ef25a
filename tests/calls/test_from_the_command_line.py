"""Who is made to call, and where: found in the sheet and the settings where nobody says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Engine, text

from console import noted_secret
from console.calling import _called, _callers, _credential, _numbers, _where
from console.wiring import Wiring
from domain.errors import BadInput
from infra import settings
from infra.sealing import Sealer
from infra.vendor_urls import VendorUrls
from tests.producers.conftest import Site
from tests.producers.seeding import seed

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Parts:
    engine: Engine
    sealer: Sealer
    settings: Any


@dataclass(frozen=True)
class Given:
    is_production: bool = False
    vendor_urls: Mapping[str, VendorUrls] = field(default_factory=dict)


def wiring(
    site: Site, *, is_production: bool = False, urls: Mapping[str, VendorUrls] | None = None
) -> Wiring:
    given = Given(is_production, {} if urls is None else urls)
    parts = Parts(site.ports.database, site.ports.sealer, given)
    return cast("Wiring", parts)


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    made = make_site()
    with made.everything() as db:
        made.ids = seed(db, made.seal())
    return made


def test_patients_of_practices_that_can_be_called_are_made_to_call(site: Site) -> None:
    with site.everything() as db:
        db.execute(text("UPDATE pms_connections SET connector = 'sikka'"))

    callers = _callers(wiring(site), "default", most=3)

    assert 1 <= len(callers) <= 3
    assert all(one.startswith("+61") for one in callers)


@pytest.mark.parametrize("patient", ["Grace Invented", "Jun Unreal"])
def test_whose_number_is_theirs_alone_calls_first(site: Site, patient: str) -> None:
    """All the others on the sheet share one."""
    headers = {**site.sign_in(), "If-Match": "*"}
    row = f"/api/run-sheet/appointments/{site.ids[patient]}"
    told = site.client.patch(row, json={"patient_phone": "0400 555 019"}, headers=headers)
    assert told.status_code == 200, told.text
    with site.everything() as db:
        db.execute(text("UPDATE pms_connections SET connector = 'sikka'"))

    assert _callers(wiring(site), "default", most=2) == ["+61400555019", "+61400000000"]


def test_where_nobody_could_call_a_number_is_asked_for(site: Site) -> None:
    with pytest.raises(BadInput, match="--caller"):
        _callers(wiring(site), "default", most=3)


def test_patients_are_not_made_to_call_in_production(site: Site) -> None:
    with pytest.raises(BadInput, match="production"):
        _callers(wiring(site, is_production=True), "default", most=3)


def test_calls_are_made_to_practices_that_are_played_unless_it_is_said_to_be_meant(
    site: Site,
) -> None:
    urls: dict[str, VendorUrls] = {}
    here = wiring(site, urls=urls)
    assert _called(here, None) == []
    with site.everything() as db:
        db.execute(text("UPDATE pms_connections SET connector = 'sikka', base_url = NULL"))

    with pytest.raises(BadInput, match=r"not played on this machine.* --for-real"):
        _called(here, None)
    assert _called(here, None, for_real=True) == []
    urls["sikka"] = VendorUrls(base_url="http://127.0.0.1:9/v4")
    assert _called(here, None) == []


def test_an_account_is_called_at_its_own_number(site: Site) -> None:
    with site.everything() as db:
        db.execute(text("UPDATE accounts SET phones = ARRAY['+12025550100']"))

    assert _called(wiring(site), None) == ["--called", "+12025550100"]
    with pytest.raises(BadInput, match="no account 'nobody'"):
        _called(wiring(site), "nobody")


def test_calls_go_to_the_webhook_unless_an_address_names_a_path() -> None:
    assert _where("http://127.0.0.1:8000") == "http://127.0.0.1:8000/vapi/webhook"
    assert _where("https://x.example/vapi/tools/book") == "https://x.example/vapi/tools/book"


def test_a_call_beside_the_demo_is_signed_with_what_it_noted(tmp_path: Path) -> None:
    given = settings.load().model_copy(update={"home": tmp_path})

    with noted_secret.noted(tmp_path, "a secret of the demo"):
        found = _credential(given)
        mode = (tmp_path / noted_secret.NOTE).stat().st_mode & 0o777

    assert (found, mode) == ("a secret of the demo", 0o600)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(BadInput, match="VAPI_WEBHOOK_SECRET"):
        _credential(given)


def test_what_is_no_number_does_not_call() -> None:
    with pytest.raises(BadInput, match=r"'banana' is not an international number"):
        _numbers(["+12025550143", "banana"])
