"""Who may reach the ingress, from where, and how."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from infra.origins import HERE, by_sender, networks
from producers import webhooks
from producers.arrivals import Arrivals, Rules, sender_of
from producers.routes import found
from tests.producers.conftest import Site

PROXY, STRANGER, CLINIC = "10.0.0.1", "203.0.113.66", "198.51.100.7"
BEHIND = networks("10.0.0.0/8")
OVER_HTTPS = {"X-Forwarded-For": CLINIC, "X-Forwarded-Proto": "https"}
PRODUCTION = Rules(trusted_proxies=BEHIND, https_only=True)
LISTED = Rules(
    trusted_proxies=BEHIND,
    allowed=networks("198.51.100.0/24, 2001:db8:c::/48"),
    webhooks=by_sender("vapi=167.150.224.0/23, sikka=192.0.2.8, sikka=192.0.2.9"),
)
A_PAGE = {"Accept": "text/html,application/xhtml+xml"}


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Says who it thinks is asking, and how."""
    body = f"{scope['client'][0]} by {scope['scheme']}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def ask(
    rules: Rules,
    path: str = "/api/run-sheet",
    *,
    peer: str = PROXY,
    method: str = "GET",
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
) -> httpx.Response:
    app = Arrivals(echo, rules=rules, base_url="https://sync.example.com")

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app, client=(peer, 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://inside") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(asked())


def forwarded(text: str) -> dict[str, str]:
    return {"X-Forwarded-For": text, "X-Forwarded-Proto": "https"}


def test_as_it_stands_anybody_is_answered() -> None:
    assert ask(Rules(), peer=STRANGER).text == f"{STRANGER} by http"


def test_who_asks_is_who_asked_the_trusted_proxy() -> None:
    assert ask(PRODUCTION, headers=OVER_HTTPS).text == f"{CLINIC} by https"


def test_a_stranger_s_headers_say_nothing() -> None:
    answer = ask(Rules(trusted_proxies=BEHIND), peer=STRANGER, headers=OVER_HTTPS)

    assert answer.text == f"{STRANGER} by http"


@pytest.mark.parametrize(
    ("peer", "headers", "allowed"),
    [
        (CLINIC, {}, True),
        (STRANGER, {}, False),
        (f"::ffff:{CLINIC}", {}, True),
        ("2001:db8:c::1", {}, True),
        ("2001:db8:d::1", {}, False),
        (PROXY, forwarded(CLINIC), True),
        (PROXY, forwarded(f"::ffff:{CLINIC}"), True),
        (PROXY, forwarded(STRANGER), False),
        # The corpus of those who write the header themselves.
        (STRANGER, forwarded(CLINIC), False),
        (PROXY, forwarded(f"{CLINIC}, {STRANGER}"), False),
        (PROXY, forwarded(f"{CLINIC},{CLINIC} , {STRANGER}:443"), False),
        (PROXY, [("X-Forwarded-For", CLINIC), ("X-Forwarded-For", STRANGER)], False),
        (PROXY, [("X-Forwarded-For", STRANGER), ("X-Forwarded-For", CLINIC)], True),
        (PROXY, forwarded(f"{STRANGER}, {PROXY}"), False),
        (PROXY, forwarded("unknown"), False),
        (PROXY, forwarded(""), False),
        (PROXY, forwarded(f"{CLINIC}, x"), False),
        (PROXY, {"Forwarded": f"for={CLINIC}"}, False),
        (PROXY, {"X-Real-IP": CLINIC}, False),
        (PROXY, {}, False),
    ],
)
def test_pages_and_api_answer_their_list_alone(
    peer: str, headers: Mapping[str, str], allowed: bool
) -> None:
    answer = ask(LISTED, peer=peer, headers=headers)

    assert answer.status_code == (200 if allowed else 403)
    assert allowed or "not reached from where you are" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "caller", "allowed"),
    [
        ("/vapi/webhook", "167.150.225.255", True),
        ("/vapi/tools/book-appointment", "167.150.226.0", False),
        ("/pms/sikka/webhook/authorize", "192.0.2.9", True),
        ("/pms/sikka/webhook/authorize", "167.150.224.1", False),
        # Nothing is listed for these two, and they are no pages either.
        ("/twilio/inbound", STRANGER, True),
        ("/webhooks/halaxy/appointment", STRANGER, True),
        # A clinic's own address opens no webhook, and Vapi's no page.
        ("/vapi/webhook", CLINIC, False),
        ("/", "167.150.224.1", False),
    ],
)
def test_each_sender_of_webhooks_has_a_list_of_its_own(
    path: str, caller: str, allowed: bool
) -> None:
    answer = ask(LISTED, path, headers=forwarded(caller), method="POST")

    assert answer.status_code == (200 if allowed else 403)


def test_an_entry_without_a_name_is_for_every_sender() -> None:
    rules = Rules(webhooks=by_sender("vapi=192.0.2.1, 198.51.100.0/24"))

    for path in ("/vapi/webhook", "/twilio/status", "/webhooks/halaxy/patient"):
        assert ask(rules, path, peer=CLINIC).status_code == 200
        assert ask(rules, path, peer=STRANGER).status_code == 403


def test_in_production_a_page_that_came_by_http_is_sent_to_https() -> None:
    headers = {**A_PAGE, "X-Forwarded-For": CLINIC, "X-Forwarded-Proto": "http"}

    answer = ask(PRODUCTION, "/sync?date=2026-11-21", headers=headers)

    assert answer.status_code == 308
    assert answer.headers["location"] == "https://sync.example.com/sync?date=2026-11-21"


def test_the_way_to_https_leads_to_our_own_name_whatever_is_asked_for() -> None:
    headers = {**A_PAGE, "Host": "evil.example", "X-Forwarded-Proto": "http"}

    for path in ("//evil.example/", "/%0d%0aSet-Cookie:x", "/@evil.example"):
        where = ask(PRODUCTION, path, headers=headers).headers["location"]

        assert where.startswith("https://sync.example.com/")
        assert "\n" not in where


@pytest.mark.parametrize(
    ("path", "method", "headers"),
    [
        ("/vapi/webhook", "POST", {}),
        ("/vapi/webhook", "GET", A_PAGE),
        ("/api/run-sheet", "GET", {}),
        ("/login", "POST", A_PAGE),
    ],
)
def test_in_production_nothing_else_is_answered_over_http(
    path: str, method: str, headers: Mapping[str, str]
) -> None:
    said = {**headers, "X-Forwarded-For": CLINIC, "X-Forwarded-Proto": "http"}

    answer = ask(PRODUCTION, path, method=method, headers=said)

    assert answer.status_code == 403
    assert answer.json()["detail"] == "Only https is answered here."


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        (STRANGER, {"X-Forwarded-Proto": "https"}),
        (STRANGER, {}),
        (PROXY, {}),
        ("127.0.0.1", A_PAGE),
    ],
)
def test_https_is_believed_of_a_trusted_proxy_alone(peer: str, headers: Mapping[str, str]) -> None:
    answer = ask(PRODUCTION, peer=peer, headers=headers)

    assert answer.status_code == 403
    assert "TRUSTED_PROXIES" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("said", "status"),
    [("https", 200), ("HTTPS", 200), ("http, https", 200), ("https, http", 403), ("", 403)],
)
def test_the_nearest_proxy_has_the_last_word(said: str, status: int) -> None:
    assert ask(PRODUCTION, headers={"X-Forwarded-Proto": said}).status_code == status


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_are_answered_inside_and_follow_the_list_from_outside(path: str) -> None:
    rules = Rules(trusted_proxies=BEHIND, allowed=networks(CLINIC), https_only=True)

    assert ask(rules, path, peer="10.0.0.9").status_code == 200
    assert ask(rules, path, headers=forwarded(STRANGER)).status_code == 403
    assert ask(rules, path, headers=forwarded(CLINIC)).status_code == 200


def test_every_webhook_that_is_served_has_a_sender() -> None:
    routers, _ = found()
    served = [
        route.path
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute) and route.endpoint.__module__.startswith(webhooks.__name__)
    ]

    assert len(served) >= 5
    assert all(sender_of(path) for path in served)
    assert sender_of("/api/pms/connections/{connection_id}/webhooks") is None


@pytest.mark.integration
def test_the_ingress_asks_at_this_door_first(make_site: Callable[..., Site]) -> None:
    away = make_site(rules=Rules(trusted_proxies=HERE, allowed=networks(CLINIC)))

    refused = away.client.get("/login", headers=forwarded(STRANGER))
    answered = away.client.get("/login", headers=forwarded(CLINIC))

    assert refused.status_code == 403
    assert refused.headers["x-content-type-options"] == "nosniff"
    assert refused.headers["x-request-id"]
    assert answered.status_code == 200
    assert away.client.get("/healthz").status_code == 200


@pytest.mark.integration
def test_a_production_ingress_answers_over_https_only(make_site: Callable[..., Site]) -> None:
    site = make_site(base_url="https://sync.example.com", rules=Rules(https_only=True))

    plain = site.client.get("/login", headers={**A_PAGE, "X-Forwarded-Proto": "http"})
    sealed = site.client.get("/login", headers={**A_PAGE, "X-Forwarded-Proto": "https"})

    assert plain.status_code == 308
    assert sealed.status_code == 200
    assert "max-age=" in sealed.headers["strict-transport-security"]


@pytest.mark.integration
@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(Rules(webhooks=by_sender("vapi=192.0.2.0/24")), id="address"),
        pytest.param(Rules(https_only=True), id="scheme"),
    ],
)
def test_a_webhook_refused_at_the_door_is_counted_by_where_it_came(
    make_site: Callable[..., Site], rules: Rules
) -> None:
    site = make_site(rules=rules)

    refused = site.client.post("/vapi/webhook", json={})
    told = site.client.get("/metrics").text

    assert refused.status_code == 403
    assert 'pms_sync_webhooks_rejected_total{route="/vapi/",status="403"} 1.0' in told
