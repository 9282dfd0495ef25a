"""Who may read /metrics."""

from collections.abc import Callable

import pytest

from tests.producers.conftest import Site

pytestmark = pytest.mark.integration

TOKEN = "what-prometheus-sends"  # noqa: S105 - the test's own


@pytest.mark.parametrize(
    "sent", [{}, {"Authorization": "Bearer another"}, {"Authorization": f"Basic {TOKEN}"}]
)
def test_with_a_token_set_nobody_reads_without_it(
    make_site: Callable[..., Site], sent: dict[str, str]
) -> None:
    site = make_site(metrics_token=TOKEN)

    refused = site.client.get("/metrics", headers=sent)
    answered = site.client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert "pms_sync" not in refused.text
    assert answered.status_code == 200
    assert answered.headers["content-type"].startswith("text/plain")


def test_without_a_token_whoever_reaches_it_reads(site: Site) -> None:
    assert "pms_sync_database_up 1.0" in site.client.get("/metrics").text


def test_a_route_is_told_and_never_an_address(site: Site) -> None:
    row = site.ids["Grace Invented"]
    site.client.get(f"/api/run-sheet/appointments/{row}", headers=site.bearer())
    site.client.get("/nowhere/at/all/0400000000")

    page = site.client.get("/metrics").text

    assert 'route="/api/run-sheet/appointments/{entry_id}",status="200"' in page
    assert 'route="unknown",status="404"' in page
    assert str(row) not in page
    assert "0400000000" not in page


def test_what_vendors_are_refused_is_told_as_nought_before_anything_is(site: Site) -> None:
    page = site.client.get("/metrics").text

    for route in ("/vapi/webhook", "/webhooks/{vendor}/{event}", "/twilio/inbound", "/vapi/"):
        for status in (401, 403):
            told = f'rejected_total{{route="{route}",status="{status}"}} 0.0'
            assert told in page, (route, status)
    assert 'rejected_total{route="/api/' not in page
