"""Getting in, staying in, being kept out."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from sqlalchemy import text

from adapters.storage.people.members import let_in, shut_out
from adapters.storage.people.revoking import call_back_tokens
from adapters.storage.people.sessions import Opened
from domain.people import Role
from infra import database
from producers.attempts import MOST, SECONDS
from producers.security import COOKIE
from tests.producers.conftest import JWT_SIGNING, Site

pytestmark = pytest.mark.integration

HTML = {"Accept": "text/html"}


def test_a_link_lets_in_once(site: Site) -> None:
    token = site.link()

    first = site.client.post("/login", data={"token": token})
    site.client.cookies.clear()
    second = site.client.post("/login", data={"token": token})

    assert first.status_code == 303
    assert second.status_code == 401
    assert "has been used" in second.text


def test_what_opens_a_session_does_not_tell_its_token() -> None:
    ends = datetime(2026, 11, 23, tzinfo=UTC)
    opened = Opened(token="let-me-in", expires_at=ends)  # noqa: S106 - made up

    assert "let-me-in" not in repr(opened)


def test_looking_at_a_link_does_not_spend_it(site: Site) -> None:
    token = site.link()

    preview = site.client.get("/login", params={"token": token})
    answer = site.client.post("/login", data={"token": token})

    assert preview.status_code == 200
    assert answer.status_code == 303


def test_a_spent_link_shows_no_button(site: Site) -> None:
    token = site.link()
    site.client.post("/login", data={"token": token})
    inside = site.client.get("/login", params={"token": token}).text
    site.client.cookies.clear()

    again = site.client.get("/login", params={"token": token}).text

    assert "has been used or is too old" in again
    assert "<form" not in again
    assert "You are signed in as Sam Owner" in inside
    assert "has been used" not in inside


def test_a_fresh_link_lets_another_person_in_where_somebody_is(site: Site) -> None:
    site.sign_in()

    page = site.client.get("/login", params={"token": site.link(Role.BILLING)}).text

    assert '<form method="post" action="/login">' in page


@pytest.mark.parametrize(
    ("role", "first"), [(Role.OWNER, "/"), (Role.PROVIDER, "/"), (Role.OPS, "/sync")]
)
def test_signing_in_leads_to_the_first_page_one_may_open(
    site: Site, role: Role, first: str
) -> None:
    answer = site.client.post("/login", data={"token": site.link(role)})

    assert answer.headers["location"] == first
    assert site.client.get(first, headers=HTML).status_code == 200


def test_a_page_that_is_not_ones_own_leads_to_one_that_is(site: Site) -> None:
    site.sign_in(Role.OPS)

    page = site.client.get("/", headers=HTML)

    assert page.status_code == 403
    assert '<a class="button primary" href="/sync">Back to sync</a>' in page.text
    assert 'class="brand" href="/sync"' in page.text


def test_an_address_that_does_not_exist_looks_like_a_page_of_ours(site: Site) -> None:
    outside = site.client.get("/nowhere", headers=HTML)
    site.sign_in()
    inside = site.client.get("/nowhere", headers=HTML)

    assert (outside.status_code, inside.status_code) == (404, 404)
    assert 'href="/login">Sign in</a>' in outside.text
    assert 'href="/login"' not in inside.text
    assert "Sam Owner" in inside.text and "Sign out" in inside.text
    assert '<a href="/sync">Sync</a>' in inside.text
    assert ">Back to run sheet</a>" in inside.text
    assert "<h1>There is nothing here</h1>" in inside.text
    assert "nothing at this address" not in inside.text


def test_a_link_that_is_too_old_lets_nobody_in(site: Site) -> None:
    token = site.link(minutes=5)
    site.clock.now += timedelta(minutes=6)

    answer = site.client.post("/login", data={"token": token})

    assert answer.status_code == 401


def test_the_session_cookie_is_out_of_reach_of_scripts(site: Site) -> None:
    answer = site.client.post("/login", data={"token": site.link()})

    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


def test_over_https_the_cookie_stays_there(make_site: Callable[..., Site]) -> None:
    site = make_site(base_url="https://sheet.example.org")

    answer = site.client.post("/login", data={"token": site.link()})

    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


def test_over_https_a_site_beside_ours_puts_no_session_in_the_place_of_somebody_s(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(base_url="https://sheet.example.org")
    set_cookie = site.client.post("/login", data={"token": site.link()}).headers["set-cookie"]
    name, _, token = set_cookie.partition(";")[0].partition("=")
    page = HTML | {"Cookie": f"{name}={token}"}
    tossed = HTML | {"Cookie": f"{COOKIE}={token}"}

    assert name == f"__Host-{COOKIE}"
    assert "Path=/" in set_cookie and "Domain" not in set_cookie
    assert site.client.get("/", headers=page).status_code == 200
    assert site.client.get("/", headers=tossed).status_code == 303


@pytest.mark.parametrize("by", ["https://beside.example.org", "null", "https://sheet.example.org."])
def test_no_other_site_signs_anybody_in_though_the_browser_tells_its_address_only(
    make_site: Callable[..., Site], by: str
) -> None:
    site = make_site(base_url="https://sheet.example.org")
    form = {"token": site.link()}

    refused = site.client.post("/login", data=form, headers={"Origin": by})
    ours = site.client.post("/login", data=form, headers={"Origin": "https://sheet.example.org"})

    assert (refused.status_code, ours.status_code) == (403, 303)
    assert "from the page itself" in refused.text


def test_a_browser_says_whose_page_its_button_was_pressed_on(site: Site) -> None:
    page = site.client.get("/login", params={"token": site.link()})
    elsewhere = site.client.post(
        "/login", data={"token": site.link()}, headers={"Origin": str(site.client.base_url)}
    )

    assert page.headers["referrer-policy"] == "strict-origin"
    assert elsewhere.status_code == 303


def test_a_page_sends_strangers_to_the_door(site: Site) -> None:
    answer = site.client.get("/", headers=HTML)

    assert answer.status_code == 303
    assert answer.headers["location"] == "/login"


def test_the_api_tells_strangers_in_a_problem(site: Site) -> None:
    answer = site.client.get("/api/run-sheet")

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 401


def test_signing_out_ends_the_session(site: Site) -> None:
    headers = site.sign_in()

    site.client.post("/logout", data={"csrf": headers["X-CSRF-Token"]})

    assert site.client.get("/api/run-sheet").status_code == 401


def test_a_session_ends_by_itself(site: Site) -> None:
    site.sign_in()
    site.clock.now += timedelta(hours=13)

    assert site.client.get("/api/run-sheet").status_code == 401


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({}, "no token"),
        ({"X-CSRF-Token": "wrong"}, "a wrong token"),
    ],
)
def test_a_browser_needs_the_pages_token_to_change_anything(
    site: Site, headers: dict[str, str], why: str
) -> None:
    site.sign_in()

    answer = site.client.post("/api/run-sheet/sync", headers=headers)

    assert answer.status_code == 403, why
    assert "reload" in answer.json()["detail"]


def test_another_sites_page_changes_nothing_even_with_the_token(site: Site) -> None:
    headers = {**site.sign_in(), "Sec-Fetch-Site": "cross-site"}

    assert site.client.post("/api/run-sheet/sync", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "claims", [{"exp": 1}, {"exp": None}, {"role": "king"}, {"role": None}, {"sub": None}]
)
def test_a_bad_bearer_token_is_refused(site: Site, claims: dict[str, object]) -> None:
    answer = site.client.get("/api/run-sheet", headers=site.bearer(claims=claims))

    assert answer.status_code == 401
    assert "Bearer" in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("role", "read", "edit", "sync"),
    [
        (Role.OWNER, 200, 412, 202),
        (Role.ADMIN, 200, 412, 202),
        (Role.BILLING, 200, 412, 202),
        (Role.PROVIDER, 200, 403, 403),
        (Role.OPS, 403, 403, 202),
    ],
)
def test_each_role_opens_its_own_doors(
    site: Site, role: Role, read: int, edit: int, sync: int
) -> None:
    headers = site.bearer(role)
    row = f"/api/run-sheet/appointments/{site.ids['Grace Invented']}"

    got = (
        site.client.get("/api/run-sheet", headers=headers).status_code,
        site.client.patch(
            row, headers={**headers, "If-Match": "99"}, json={"notes": "x"}
        ).status_code,
        site.client.post("/api/run-sheet/sync", headers=headers).status_code,
    )

    assert got == (read, edit, sync)


def test_signing_out_everywhere_ends_every_session_and_link_of_that_person_only(
    site: Site,
) -> None:
    headers = site.sign_in()
    here = site.client.cookies["pms_sync_session"]
    unused, other = site.link(), site.link(Role.BILLING)
    site.sign_in()
    site.client.cookies.set("pms_sync_session", here)
    form = {"csrf": headers["X-CSRF-Token"], "everywhere": "true"}

    assert site.client.post("/logout", data=form).status_code == 303

    with site.everything() as db:
        assert db.execute(text("SELECT count(*) FROM sessions")).scalar_one() == 0
    site.client.cookies.clear()
    assert site.client.post("/login", data={"token": unused}).status_code == 401
    assert site.client.post("/login", data={"token": other}).status_code == 303


def test_a_page_of_somebody_inside_offers_to_sign_out_everywhere(site: Site) -> None:
    site.sign_in()

    assert "Sign out everywhere" in site.client.get("/login").text


def test_attempts_of_an_address_are_counted_and_then_refused(site: Site) -> None:
    tried = [site.client.post("/login", data={"token": "no"}).status_code for _ in range(MOST)]
    refused = site.client.post("/login", data={"token": site.link()})

    assert set(tried) == {401}
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == str(SECONDS)


def test_good_links_are_not_counted(site: Site) -> None:
    answers = [
        site.client.post("/login", data={"token": site.link()}).status_code for _ in range(MOST + 2)
    ]

    assert set(answers) == {303}


def test_tokens_that_were_called_back_are_refused_and_newer_ones_taken(site: Site) -> None:
    def status(issued_at: int | None) -> int:
        headers = site.bearer(claims={"iat": issued_at})
        return site.client.get("/api/pms/vendors", headers=headers).status_code

    now = int(datetime.now(UTC).timestamp())
    before = (status(now - 60), status(None))
    with database.dispatch(site.ports.database) as db:
        at = datetime.fromtimestamp(now - 10, UTC)
        call_back_tokens(db, account_id="default", at=at)

    assert before == (200, 200)
    assert (status(now - 60), status(None), status(now - 5)) == (401, 401, 200)


def test_a_bearer_token_in_the_name_of_whoever_was_shut_out_is_refused(site: Site) -> None:
    site.sign_in(Role.BILLING)
    headers = site.bearer(Role.BILLING, claims={"sub": "Sam Billing"})
    before = site.client.get("/api/pms/vendors", headers=headers).status_code
    with database.dispatch(site.ports.database) as db:
        shut_out(db, account_id="default", name="Sam Billing", at=site.clock())

    after = site.client.get("/api/pms/vendors", headers=headers)
    others = site.client.get("/api/pms/vendors", headers=site.bearer()).status_code

    assert (before, after.status_code, others) == (200, 401, 200)
    assert "shut out" in after.json()["detail"]
    assert site.client.get("/", headers=HTML, follow_redirects=False).status_code == 303


def test_a_bearer_token_of_whoever_was_shut_out_stays_refused_once_they_are_let_in(
    site: Site,
) -> None:
    def status(issued_at: datetime | None) -> int:
        issued = issued_at and int(issued_at.timestamp())
        headers = site.bearer(claims={"sub": "Sam Billing", "iat": issued})
        return site.client.get("/api/pms/vendors", headers=headers).status_code

    site.sign_in(Role.BILLING)
    at, who = datetime.now(UTC) - timedelta(minutes=5), {"name": "Sam Billing"}
    with database.dispatch(site.ports.database) as db:
        shut_out(db, account_id="default", **who, at=at - timedelta(minutes=5))
        let_in(db, account_id="default", **who, at=at)

    assert [status(at - timedelta(hours=1)), status(at), status(None)] == [401, 401, 401]
    assert status(at + timedelta(minutes=1)) == 200


def test_while_the_secret_is_changed_tokens_of_both_are_believed(
    make_site: Callable[..., Site],
) -> None:
    changed = make_site(jwt_secrets_old=("b" * 40, "c" * 40))

    def status(secret: str, **more: object) -> int:
        said = {"sub": "x", "account": "default", "role": "owner", "exp": 4102444800, **more}
        token = jwt.encode(said, secret, algorithm="HS256")
        headers = {"Authorization": f"Bearer {token}"}
        return changed.client.get("/api/pms/vendors", headers=headers).status_code

    assert [status(one) for one in (JWT_SIGNING, "b" * 40, "c" * 40)] == [200, 200, 200]
    assert [status("d" * 40), status("b" * 40, exp=1), status(JWT_SIGNING, exp=1)] == [401] * 3


@pytest.mark.parametrize("algorithm", ["none", "HS512", "RS256"])
def test_no_other_algorithm_than_ours_is_believed(site: Site, algorithm: str) -> None:
    head = {"alg": algorithm, "typ": "JWT"}
    body = {"sub": "x", "account": "default", "role": "owner", "exp": 4102444800}
    parts = [
        urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in (head, body)
    ]
    signature = "" if algorithm == "none" else "AAAA"
    if algorithm == "HS512":
        token = jwt.encode(body, JWT_SIGNING + JWT_SIGNING, algorithm="HS512")
    else:
        token = ".".join([*parts, signature])

    answer = site.client.get("/api/pms/vendors", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 401


def test_coming_and_going_is_audited(site: Site) -> None:
    headers = site.sign_in()
    site.client.post("/logout", data={"csrf": headers["X-CSRF-Token"]})

    with site.everything() as db:
        query = text("SELECT action FROM pms_audit_logs WHERE action LIKE 'session.%' ORDER BY id")
        assert db.execute(query).scalars().all() == ["session.opened", "session.ended"]
