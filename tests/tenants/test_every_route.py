"""Every route x every role x an id of somebody else: nothing is told, nothing happens."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by

from adapters.storage.tables import metadata, pms_connections, run_sheet_appointments
from domain.people import ALLOWED, Role
from producers.main import create_app
from tests.producers.conftest import Site, engine, make_site, site
from tests.producers.seeding import DEMO
from tests.tenants.asking import (
    BODIES,
    OUTSIDE,
    PUBLIC,
    TABLES,
    WORDS,
    Asked,
    every_route,
    other_routes,
)
from tests.tenants.rows import fill, one_of_each, owned

__all__ = ["engine", "make_site", "site"]

pytestmark = pytest.mark.integration

OWNER_OF_ROWS, STRANGER = "default", "stranger"
STREAM = "/api/run-sheet/events"
ROLES = tuple(Role)
REFUSAL = "may not do this; ask an owner"
CHANGING = re.compile(r"\b[0-9a-f]{32}\b|\b\d{2}:\d{2}(:\d{2})?(\.\d+)?\b|\d+ ms")
"""A request's own id and the time of day."""

EMPTY = UUID(int=0xABCDEF)
NUMBER = 999_999_999
"""Of no job."""
PATIENTS = {
    slot.patient for practice in DEMO for book in practice.books.values() for slot in book
} - {None, "Ann Example"}
"""But the one whom the form for adding takes as its example."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an answer comes to, without what differs between any two requests."""

    status: int
    body: str

    @classmethod
    def of(cls, answer: httpx.Response, *ids: object) -> "Said":
        body = CHANGING.sub("", answer.text)
        for one in ids:
            body = re.sub(rf"\b{re.escape(str(one))}\b", "ID", body)
        return cls(answer.status_code, body)


@dataclass(frozen=True, slots=True)
class Town:
    """A practice with a row in every table, and a stranger's account beside it."""

    site: Site
    ids: Mapping[str, Any]
    routes: list[Asked]

    def ask(
        self, route: Asked, role: Role, ids: Mapping[str, Any], *, query: str | None = None
    ) -> httpx.Response:
        """As the stranger's person, with the ids given."""
        values = {**WORDS, **OUTSIDE, **ids}
        path = route.path
        for name in route.params:
            path = path.replace(f"{{{name}}}", str(values[name]))
        told = json.loads(_filled(json.dumps(BODIES.get(route.name, {})), values))
        is_reading = route.method in {"GET", "DELETE"}
        return self.site.client.request(
            route.method,
            path,
            params={query: str(values[query])} if query else None,
            json=None if is_reading else told,
            headers={
                **self.site.bearer(role, account_id=STRANGER),
                "If-Match": '"1"',
                "Idempotency-Key": uuid4().hex,
            },
            follow_redirects=False,
        )

    @property
    def absent(self) -> dict[str, Any]:
        return {
            name: NUMBER if isinstance(one, int) else str(EMPTY) for name, one in self.ids.items()
        }

    def print_of_rows(self) -> dict[str, str]:
        """What the rows of the account are at this moment, by table."""
        prints = {}
        with self.site.everything() as db:
            for table in owned():
                row = func.md5(func.row_to_json(table.table_valued()).cast(_TEXT))
                mine = (
                    select(func.md5(func.string_agg(row, aggregate_order_by(_COMMA, row))))
                    .select_from(table)
                    .where(table.c.account_id == OWNER_OF_ROWS)
                )
                prints[table.name] = str(db.execute(mine).scalar())
        return prints


_TEXT = run_sheet_appointments.c.account_id.type
_COMMA = text("','")


@pytest.fixture
def town(site: Site) -> Town:
    with site.everything() as db:
        db.execute(insert(metadata.tables["accounts"]), {"id": STRANGER, "name": "A stranger"})
        # A number that nothing else on a page is.
        db.execute(text("SELECT setval(pg_get_serial_sequence('jobs', 'id'), 700000000)"))
        fill(db, OWNER_OF_ROWS)
    with site.everything() as db:
        rows = one_of_each(db, OWNER_OF_ROWS)
    app_routes = every_route(create_app(site.ports))
    return Town(site, {name: rows[table] for name, table in TABLES.items()}, app_routes)


def _filled(body: str, values: Mapping[str, Any]) -> str:
    for name, value in values.items():
        body = body.replace(f"{{{name}}}", str(value))
    return body


def test_every_route_has_a_permission_or_is_public_for_a_reason(town: Town) -> None:
    open_to_all = {route.name for route in town.routes if route.permission is None}

    assert len(town.routes) > len(PUBLIC) + 100
    assert open_to_all == set(PUBLIC)
    assert other_routes(create_app(town.site.ports)) == {"/openapi.json", "/static"}


def test_every_route_asks_who_is_there(town: Town) -> None:
    let_in = [
        route.name
        for route in town.routes
        if route.permission is not None
        and town.site.client.request(route.method, re.sub(r"\{\w+\}", "1", route.path)).status_code
        != 401
    ]

    assert let_in == []


@pytest.mark.parametrize("role", ROLES)
def test_every_route_obeys_the_table_of_permissions(town: Town, role: Role) -> None:
    wrong = []
    for route in town.routes:
        if route.permission is None or route.path == STREAM:
            continue
        answer = town.ask(route, role, town.absent)
        refused = answer.status_code == HTTPStatus.FORBIDDEN and REFUSAL in answer.text
        if refused is (route.permission in ALLOWED[role]):
            wrong.append((route.name, route.permission, "refused" if refused else "let in"))

    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_a_row_of_another_account_is_as_absent_as_one_that_never_was(
    town: Town, role: Role
) -> None:
    before = town.print_of_rows()
    told_apart = {}
    for route in town.routes:
        if route.permission is None or not set(route.params) & set(TABLES):
            continue
        theirs = Said.of(town.ask(route, role, town.ids), *_named(town.ids))
        nobodys = Said.of(town.ask(route, role, town.absent), EMPTY, NUMBER)
        if theirs != nobodys or theirs.status < 400:
            told_apart[route.name] = (theirs, nobodys)

    assert told_apart == {}
    assert town.print_of_rows() == before


@pytest.mark.parametrize("role", [Role.OWNER, Role.OPS])
def test_ids_in_bodies_and_queries_open_nothing_of_another_account(town: Town, role: Role) -> None:
    before = town.print_of_rows()
    told_apart = {}
    for route in town.routes:
        if route.permission is None or route.path == STREAM or set(route.params) & set(TABLES):
            continue
        for query in [*route.by_query, *([None] if "{" in str(BODIES.get(route.name)) else [])]:
            theirs = Said.of(town.ask(route, role, town.ids, query=query), *_named(town.ids))
            nobodys = Said.of(town.ask(route, role, town.absent, query=query), EMPTY, NUMBER)
            if theirs != nobodys:
                told_apart[route.name, query] = (theirs, nobodys)

    assert told_apart == {}
    assert town.print_of_rows() == before


@pytest.mark.parametrize("role", ROLES)
def test_no_list_and_no_page_holds_anything_of_another_account(town: Town, role: Role) -> None:
    with town.site.everything() as db:
        names = set(
            db.execute(
                select(pms_connections.c.display_name).where(
                    pms_connections.c.account_id == OWNER_OF_ROWS
                )
            ).scalars()
        )
    theirs = {str(one) for one in _named(town.ids) if len(str(one)) > 8} | PATIENTS | names
    shown = {}
    for route in town.routes:
        if route.permission is None or route.method != "GET" or route.path == STREAM:
            continue
        body = town.ask(route, role, town.absent).text
        if leaked := {one for one in theirs if one and one in body}:
            shown[route.name] = leaked

    assert shown == {}


def test_the_stream_of_events_asks_who_is_there(town: Town) -> None:
    assert town.site.client.get(STREAM).status_code == 401
    for role in ROLES:
        with town.site.client.stream(
            "GET", STREAM, headers=town.site.bearer(role, account_id=STRANGER)
        ) as answer:
            assert answer.status_code == 200


def test_who_may_not_see_the_sheet_is_shown_no_patient(town: Town) -> None:
    """By their own account, where there are patients: operators, on everything they may open."""
    shown = {}
    for route in town.routes:
        if route.method != "GET" or route.path == STREAM:
            continue
        values = {**WORDS, **OUTSIDE, **{name: str(one) for name, one in town.ids.items()}}
        answer = town.site.client.get(
            _filled(route.path, values), headers=town.site.bearer(Role.OPS)
        )
        if leaked := {one for one in PATIENTS if one and one in answer.text}:
            shown[route.name] = leaked
    with town.site.everything() as db:
        seen = (
            db.execute(
                text(
                    "SELECT DISTINCT endpoint FROM pms_audit_logs"
                    " WHERE phi_accessed AND user_id = 'script'"
                )
            )
            .scalars()
            .all()
        )

    assert shown == {}
    assert seen == []


def _named(ids: Mapping[str, Any]) -> list[Any]:
    return list(ids.values())
