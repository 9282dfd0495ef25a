"""What becomes of a failure by its status, at whichever step and in whatever form it comes."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import httpx
import pytest

from adapters.pms import registered
from adapters.rest.auth import REFUSALS
from domain.errors import Gone, NeedsReconnect, Refused, SyncError, Throttled, Transient
from tests.contract.kit import NOW, Fixture, Stage, changed, fixture, is_page, is_token

every_vendor = pytest.mark.parametrize("name", sorted(registered()))

FORMS = {
    "json": b'{"message": "Canary Example"}',
    "a page": b"<html><body>Down for maintenance: Canary Example</body></html>",
    "nothing": b"",
    "a broken line": b'{"message": "Canary',
    "a list": b"[1, 2]",
}
WHILE_READING: dict[int, type[SyncError]] = {
    **dict.fromkeys((400, 405, 406, 412, 415, 422), Refused),
    **dict.fromkeys((404, 410), Gone),
    **dict.fromkeys((401, 403), NeedsReconnect),
    **dict.fromkeys((408, 409, 500, 502, 503, 504), Transient),
    429: Throttled,
}
WHILE_SIGNING_IN: dict[int, tuple[type[SyncError], ...]] = {
    **dict.fromkeys((400, 401, 403, 405, 422), (NeedsReconnect,)),
    # A wrong address is a person's to mend as well; the word for it is the vendor's.
    **dict.fromkeys((404, 410), (NeedsReconnect, Refused)),
    **dict.fromkeys((408, 409, 500, 502, 503, 504), (Transient,)),
    429: (Throttled,),
}


def failing(
    told: Fixture, when: Callable[[httpx.Request], bool], answer: httpx.Response
) -> SyncError:
    stage = Stage(told, changed(told, when, lambda: answer))
    with pytest.raises(SyncError) as failure:
        stage.rows()
    assert "Canary" not in str(failure.value)
    return failure.value


@every_vendor
@pytest.mark.parametrize("form", FORMS)
def test_a_listing_that_fails_means_the_same_in_whatever_form_it_says_so(
    name: str, form: str
) -> None:
    told = fixture(name)
    means = {**WHILE_READING, **told.vendor.faults}
    found = {
        status: failing(
            told,
            lambda request: is_page(told, request),
            httpx.Response(status, content=FORMS[form]),
        )
        for status in WHILE_READING
    }

    odd = {s: type(one).__name__ for s, one in found.items() if not isinstance(one, means[s])}
    assert not odd


@every_vendor
@pytest.mark.parametrize("form", FORMS)
def test_a_sign_in_that_fails_is_for_a_person_or_to_be_tried_again_and_never_a_visit_that_is_gone(
    name: str, form: str
) -> None:
    told = fixture(name)
    if not any(one.get("is") == "token" for one in told.exchanges):
        return
    found = {
        status: failing(
            told,
            lambda request: is_token(told, request),
            httpx.Response(status, content=FORMS[form]),
        )
        for status in WHILE_SIGNING_IN
    }

    odd = {
        status: type(one).__name__
        for status, one in found.items()
        if not isinstance(one, WHILE_SIGNING_IN[status]) or isinstance(one, Gone)
    }
    assert not odd


@every_vendor
@pytest.mark.parametrize(
    ("told_as", "seconds"), [("1800", 1800), ("Mon, 01 Jun 2026 22:30:00 GMT", 1800), ("0", 1)]
)
def test_a_page_of_maintenance_is_come_back_to_when_it_says(
    name: str, told_as: str, seconds: int
) -> None:
    told = fixture(name)
    down = httpx.Response(503, content=FORMS["a page"], headers={"retry-after": told_as})

    for when in (is_page, is_token):
        if when is is_token and not any(one.get("is") == "token" for one in told.exchanges):
            continue
        problem = failing(told, partial(when, told), down)
        assert isinstance(problem, Transient)
        assert problem.retry_at == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("error", REFUSALS)
@pytest.mark.parametrize("name", ["gentu", "halaxy"], ids=["OAuth of Gentu", "OAuth of Halaxy"])
def test_a_refusal_that_comes_as_a_success_is_for_a_person_too(name: str, error: str) -> None:
    """Tried again in vain it would be, at every sync."""
    told = fixture(name)
    no = httpx.Response(200, json={"error": error, "error_description": "Canary Example"})

    problem = failing(told, partial(is_token, told), no)

    assert isinstance(problem, NeedsReconnect)
    assert "the client id or secret is not accepted" in str(problem)
