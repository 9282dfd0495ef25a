"""What is switched on for the account, as a page for who may configure."""

import pytest

from domain.features import FEATURES
from domain.people import Role
from producers.pages import settings
from tests.producers.conftest import Site

pytestmark = pytest.mark.integration


def test_every_feature_is_said_in_words_of_people() -> None:
    assert set(settings.FEATURES) == set(FEATURES)


def test_each_feature_stands_as_it_is_switched(site: Site) -> None:
    headers = site.sign_in()
    body = {"features": {"voice_booking": False, "patient_cache": True}}
    site.client.patch("/api/features", json=body, headers=headers)

    page = site.client.get("/settings").text

    on = {name: f'name="{name}" checked' in page for name in FEATURES}
    assert on == {
        "voice_booking": False,
        "sheet_pushes": True,
        "patient_cache": True,
        "reference_cache": False,
    }
    assert "Callers book, move and cancel" in page


def test_the_settings_of_each_practice_are_one_step_away(site: Site) -> None:
    site.sign_in()

    page = site.client.get("/settings").text

    with site.everything() as db:
        ids = db.exec_driver_sql("SELECT id FROM pms_connections").scalars().all()
    assert ids
    assert all(f'href="/connections/{one}"' in page for one in ids)


@pytest.mark.parametrize("role", [Role.PROVIDER, Role.BILLING, Role.OPS])
def test_who_may_not_configure_is_led_to_the_connections(site: Site, role: Role) -> None:
    token = site.link(role)
    site.client.post("/login", data={"token": token})

    answer = site.client.get("/settings", follow_redirects=False)
    listed = site.client.get("/connections").text

    assert (answer.status_code, answer.headers["Location"]) == (303, "/connections")
    assert 'href="/settings"' not in listed
