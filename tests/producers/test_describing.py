"""The OpenAPI document says of every address what the code does, and is one."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.openapi.models import OpenAPI
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from redis import Redis

from infra import database
from infra.clock import system_clock
from infra.sealing import Keyring, Sealer
from producers import routes
from producers.following import Hub
from producers.main import create_app
from producers.ports import Ports
from tests.fakes import FakeSecrets
from tests.producers.conftest import JWT_SIGNING

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"
METHODS = {"get", "put", "post", "delete", "patch"}
TYPES = {"null", "boolean", "object", "array", "number", "string", "integer"}
STATUS = re.compile(r"[1-5](\d\d|XX)|default")
NAME = re.compile(r"[A-Za-z0-9._-]+")
PROBLEM = {"$ref": "#/components/schemas/ProblemDetails"}

SAYING = {"$ref", "properties", "items", "anyOf"}

Operation = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Of an application that is never started, so nothing is connected."""
    engine = database.engine(NOWHERE, application_name="tests", pool_size=1)
    ports = Ports(
        database=engine,
        redis=Redis(),
        sealer=Sealer(Keyring.from_hex("0123456789abcdef" * 4)),
        clock=system_clock,
        hub=Hub(engine, NOWHERE),
        base_url="http://127.0.0.1:8000",
        newest_revision="0",
        jwt_secret=JWT_SIGNING,
        secrets=FakeSecrets(),
    )
    return create_app(ports).openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def ours(document: dict[str, Any]) -> list[tuple[str, str, Operation]]:
    found = [one for one in operations(document) if one[0].startswith("/api")]
    assert len(found) > 40
    return found


def headers(operation: Operation) -> dict[str, Operation]:
    return {one["name"]: one for one in operation.get("parameters", ()) if one["in"] == "header"}


def test_every_address_asks_who_comes(document: dict[str, Any]) -> None:
    for path, method, operation in ours(document):
        by_session = {"session"} if method == "get" else {"session", "csrf"}

        by_vapi = [{"vapi"}] if "practice" in operation["tags"] else []

        assert [set(one) for one in operation["security"]] == [{"bearer"}, by_session, *by_vapi]
        assert {"401", "403", "503"} <= operation["responses"].keys(), path


def test_the_ways_in_are_those_of_the_code(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]

    assert (schemes["bearer"]["type"], schemes["bearer"]["scheme"]) == ("http", "bearer")
    assert (schemes["session"]["in"], schemes["session"]["name"]) == ("cookie", "pms_sync_session")
    assert (schemes["csrf"]["in"], schemes["csrf"]["name"]) == ("header", "X-CSRF-Token")


def test_every_success_says_what_it_answers(document: dict[str, Any]) -> None:
    silent = [
        f"{method} {path} {status}"
        for path, method, operation in operations(document)
        for status, answer in operation["responses"].items()
        if status < "3"
        for told in [resolved(document, answer).get("content", {}).get("application/json")]
        if told is not None and not SAYING & told.get("schema", {}).keys()
    ]

    assert silent == []


def test_a_write_says_alike_what_is_done_and_what_is_requested(document: dict[str, Any]) -> None:
    told = document["paths"]["/api/pms/appointments"]["post"]["responses"]

    done, requested = (told[one]["content"]["application/json"]["schema"] for one in ("201", "202"))
    assert done["anyOf"] == requested["anyOf"]
    assert _names(done, document) == {"success", "appointment", "message"} | {
        "write",
        "confirmationNumber",
    }


def test_every_body_is_described_as_what_it_is_read_as(document: dict[str, Any]) -> None:
    """Two models of one name must not be told as one of them."""
    taking = [(one, one.body_field) for one in _api_routes() if one.body_field is not None]

    assert len(taking) > 30
    for route, body in taking:
        method = min(route.methods or {""})
        told = document["paths"][route.path_format][method.lower()]["requestBody"]
        kind: Any = body.field_info.annotation
        read = TypeAdapter(kind).json_schema(ref_template="#/$defs/{model}")
        schema = told["content"]["application/json"]["schema"]
        assert _names(schema, document) == _names(read, read), _path(route)


def _names(schema: dict[str, Any], document: dict[str, Any]) -> set[str]:
    """The fields of a body, or of any that may be in its place."""
    found = resolved(document, schema)
    others = [_names(one, document) for one in found.get("anyOf", ())]
    return set(found.get("properties", ())).union(*others)


def test_every_refusal_is_one_kind_of_problem(document: dict[str, Any]) -> None:
    for path, _, operation in ours(document):
        for status, refusal in operation["responses"].items():
            if status >= "4":
                found = resolved(document, refusal)
                assert found["content"] == {"application/problem+json": {"schema": PROBLEM}}, path


def test_what_may_be_missing_changed_or_unreadable_is_said(document: dict[str, Any]) -> None:
    for path, method, operation in ours(document):
        told = operation["responses"].keys()

        assert ("{" not in path) or "404" in told, path
        assert method == "get" or "409" in told, path
        assert ("requestBody" not in operation and "{" not in path) or "422" in told, path
        assert ("If-Match" not in headers(operation)) or "412" in told, path
        assert ("Idempotency-Key" not in headers(operation)) or "400" in told, path


def test_a_reading_that_counts_wrong_guesses_says_that_they_are_refused(
    document: dict[str, Any],
) -> None:
    reading = document["paths"]["/api/pms/sikka/authorisations"]["get"]

    refusal = resolved(document, reading["responses"]["429"])
    assert refusal["content"] == {"application/problem+json": {"schema": PROBLEM}}


def test_a_header_is_required_where_the_code_demands_it(document: dict[str, Any]) -> None:
    demanded = {
        (method, path): sorted(name for name, one in headers(operation).items() if one["required"])
        for path, method, operation in ours(document)
    }

    assert demanded["patch", "/api/run-sheet/appointments/{entry_id}"] == ["If-Match"]
    assert demanded["delete", "/api/pms/connections/{connection_id}"] == ["If-Match"]
    assert demanded["post", "/api/conflicts/{conflict_id}/settle"] == ["If-Match"]
    assert demanded["post", "/api/run-sheet/appointments"] == ["Idempotency-Key"]
    assert demanded["post", "/api/pms/connections"] == ["Idempotency-Key"]
    assert demanded["post", "/api/pms/connections/{connection_id}/pause"] == []
    for path, _, operation in ours(document):
        is_demanded = headers(operation).get("If-Match", {}).get("required", False)
        assert ("428" in operation["responses"]) == is_demanded, path


def test_every_operation_has_a_name_of_its_own_a_summary_and_a_tag(
    document: dict[str, Any],
) -> None:
    found = [operation for _, _, operation in operations(document)]

    assert len({one["operationId"] for one in found}) == len(found)
    assert all(one["tags"] for one in found)
    assert [_path(one) for one in _api_routes() if not one.summary] == []


def test_the_document_is_openapi(document: dict[str, Any]) -> None:
    read = OpenAPI.model_validate(document)

    assert read.openapi.startswith("3.1")
    assert read.info.title == "pms-sync"
    for path, method, operation in operations(document):
        assert method in METHODS
        assert all(STATUS.fullmatch(status) for status in operation["responses"]), path
        assert all(one["description"] for one in _responses(document, operation)), path
        told = {(one["in"], one["name"]) for one in operation.get("parameters", ())}
        assert len(told) == len(operation.get("parameters", ())), path
        assert {name for place, name in told if place == "path"} == set(
            re.findall(r"\{(\w+)\}", path)
        )
        for wanted in operation.get("security", ()):
            assert wanted.keys() <= document["components"]["securitySchemes"].keys()


def test_every_part_of_the_document_is_there_and_is_a_schema(document: dict[str, Any]) -> None:
    parts = document["components"]

    assert all(NAME.fullmatch(name) for kind in parts.values() for name in kind)
    assert not {"HTTPValidationError", "ValidationError"} & parts["schemas"].keys()
    assert "x-demanded" not in str(document)
    for at in walked(document):
        if "$ref" in at:
            assert resolved(document, at), at
    for name, schema in parts["schemas"].items():
        for at in walked(schema):
            if isinstance(at.get("type"), str | list):
                kinds = [at["type"]] if isinstance(at["type"], str) else at["type"]
                assert set(kinds) <= TYPES, name
            if isinstance(at.get("required"), list):
                assert set(at["required"]) <= at.get("properties", {}).keys(), name


def resolved(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found: Any = document
    for word in part["$ref"].removeprefix("#/").split("/"):
        found = found[word]
    return dict(found)


def walked(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    for one in part if isinstance(part, list) else ():
        yield from walked(one)


def _responses(document: dict[str, Any], operation: Operation) -> list[dict[str, Any]]:
    return [resolved(document, one) for one in operation["responses"].values()]


def _api_routes() -> Iterator[APIRoute]:
    for router in routes.found()[0]:
        for route in router.routes:
            if isinstance(route, APIRoute) and route.path.startswith("/api"):
                yield route


def _path(route: APIRoute) -> str:
    return f"{sorted(route.methods or ())} {route.path}"
