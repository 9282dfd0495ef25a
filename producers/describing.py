"""What /openapi.json says beyond the signatures: who may come in, what is refused and how."""

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from producers.describing_answers import described
from producers.problems import ProblemDetails
from producers.security import COOKIE, SAFE_METHODS

API = "/api/"
PROBLEM_TYPE = "application/problem+json"
DEMANDED = {"x-demanded": True}
"""On a header whose lack has an answer of its own, and which is optional only in the code."""

SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "HS256 with exp, sub, account and role; 'pms-sync token' prints one.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "Of a person who signed in by link; changes need the page's token too.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-Token",
        "description": "The token of the page (its meta element 'csrf'), with a session only.",
    },
    "vapi": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Vapi-Signature",
        "description": "Of an assistant: the message signed with the secret Vapi was given.",
    },
}
ASSISTANTS = "practice"
"""The tag of what assistants may ask, too."""
REFUSALS: Mapping[HTTPStatus, tuple[str, str]] = {
    HTTPStatus.BAD_REQUEST: ("KeyMissing", "There is no usable Idempotency-Key."),
    HTTPStatus.UNAUTHORIZED: ("SignInFirst", "Nobody is signed in, or the token is not valid."),
    HTTPStatus.FORBIDDEN: ("NotAllowed", "The role, or the page's token, does not allow it."),
    HTTPStatus.NOT_FOUND: ("NotFound", "There is no such thing in this account."),
    HTTPStatus.CONFLICT: ("OutOfTurn", "It does not go with how things stand; `detail` says why."),
    HTTPStatus.PRECONDITION_FAILED: ("Changed", "It was changed since it was read; read it again."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("TooLong", "The request is longer than any of ours."),
    HTTPStatus.UNPROCESSABLE_ENTITY: ("Unreadable", "It cannot be read; `detail` names where."),
    HTTPStatus.PRECONDITION_REQUIRED: ("VersionMissing", "Send If-Match with the version read."),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Away", "Not available right now; send it again later."),
}

Operation = dict[str, Any]
Document = dict[str, Any]


class Api(FastAPI):
    """An application whose document tells all that its /api addresses have in common."""

    def openapi(self) -> Document:
        if self.openapi_schema is None:
            self.openapi_schema = _completed(super().openapi())
        return self.openapi_schema


def operation_id(route: APIRoute) -> str:
    """`patch_run_sheet_appointments_entry_id`: as unique as the address."""
    words = re.findall(r"\w+", route.path_format.removeprefix(API))
    return "_".join([min(route.methods or {""}).lower(), *words])


def _completed(document: Document) -> Document:
    components = document.setdefault("components", {})
    components["securitySchemes"] = SCHEMES
    components["responses"] = {name: _refusal(words) for name, words in REFUSALS.values()}
    schemas = components.setdefault("schemas", {})
    refer = "#/components/schemas/{model}"
    problem = ProblemDetails.model_json_schema(ref_template=refer)
    schemas |= {**problem.pop("$defs"), "ProblemDetails": problem}
    for path, method, operation in _operations(document):
        _demand_headers(operation)
        _describe_answer(method, path, operation, schemas)
        if path.startswith(API):
            operation["security"] = _security(method, operation)
            operation["responses"] = _responses(path, method, operation)
        elif "422" in operation["responses"]:
            operation["responses"]["422"] = _refers(HTTPStatus.UNPROCESSABLE_ENTITY)
    for name in ("HTTPValidationError", "ValidationError"):  # the framework's, answered nowhere
        schemas.pop(name, None)
    return document


def _operations(document: Document) -> Iterator[tuple[str, str, Operation]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def _refusal(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {"description": description, "content": {PROBLEM_TYPE: {"schema": schema}}}


def _refers(status: HTTPStatus) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{REFUSALS[status][0]}"}


def _demand_headers(operation: Operation) -> None:
    """Required, as the code has it: without it there is a 400 or a 428."""
    for parameter in operation.get("parameters", ()):
        if parameter["schema"].pop("x-demanded", False):
            parameter["required"] = True
            parameter["schema"] = {"type": "string"}


def _describe_answer(method: str, path: str, operation: Operation, schemas: dict[str, Any]) -> None:
    """What it answers where the code has a plain document and no model."""
    answer = described(method, path, schemas)
    for status, one in operation["responses"].items():
        if answer is not None and status < "3" and "application/json" in one.get("content", {}):
            one["content"]["application/json"]["schema"] = answer


def _security(method: str, operation: Operation) -> list[dict[str, list[str]]]:
    session = ["session"] if method in SAFE_METHODS else ["session", "csrf"]
    assistants = [["vapi"]] if ASSISTANTS in operation["tags"] else []
    return [{name: [] for name in names} for names in (["bearer"], session, *assistants)]


def _responses(path: str, method: str, operation: Operation) -> dict[str, Any]:
    own = {status: one for status, one in operation["responses"].items() if status < "4"}
    refused = {
        str(int(status)): _refers(status) for status in sorted(_refused(path, method, operation))
    }
    return own | refused


def _refused(path: str, method: str, operation: Operation) -> Iterator[HTTPStatus]:
    headers = {
        one["name"]: one["required"]
        for one in operation.get("parameters", ())
        if one["in"] == "header"
    }
    yield from (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.SERVICE_UNAVAILABLE)
    if operation.get("parameters") or "requestBody" in operation:
        yield HTTPStatus.UNPROCESSABLE_ENTITY
    if "{" in path or "requestBody" in operation:
        yield HTTPStatus.NOT_FOUND
    if method not in SAFE_METHODS:
        yield from (HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if "Idempotency-Key" in headers:
        yield HTTPStatus.BAD_REQUEST
    if "If-Match" in headers:
        yield HTTPStatus.PRECONDITION_FAILED
    if headers.get("If-Match"):
        yield HTTPStatus.PRECONDITION_REQUIRED
