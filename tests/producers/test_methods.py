"""An address says which methods it takes, to whoever comes with another."""

from collections.abc import Callable

import pytest

from tests.producers.conftest import Site, engine, make_site

__all__ = ["engine", "make_site"]

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("path", "takes"),
    [
        ("/healthz", "GET"),
        ("/api/conflicts", "GET"),
        ("/api/pms/connections", "GET, POST"),
        ("/api/run-sheet/appointments/5", "GET, PATCH, DELETE"),
        ("/api/pms/patients/5", "GET, PATCH"),
        ("/login", "GET, POST"),
    ],
)
def test_another_method_is_told_all_that_are_taken(
    make_site: Callable[..., Site], path: str, takes: str
) -> None:
    client = make_site().client

    answers = [client.request(method, path) for method in ("PUT", "OPTIONS", "TRACE")]

    assert [one.status_code for one in answers] == [405] * 3
    assert {one.headers["allow"] for one in answers} == {takes}


def test_who_opens_what_is_no_page_is_told_where_to_go(make_site: Callable[..., Site]) -> None:
    client = make_site().client

    page = client.get("/logout", headers={"Accept": "text/html"}).text
    program = client.get("/logout", headers={"Accept": "application/json"}).json()

    assert "This address is no page" in page and "Go back" in page
    assert program["detail"] == "This address takes POST; it was asked with GET."
