"""What /openapi.json says beyond the signatures: who may come in, what is refused and how."""

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from producers.problems import ProblemDetails
from producers.security import COOKIE, OVER_HTTPS, SAFE_METHODS

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
        "description": "Of a person who signed in by link; changes need the page's token too."
        f" Over https its name is {OVER_HTTPS}{COOKIE}.",
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
    HTTPStatus.BAD_REQUEST: ("Unusable", "The body or the Idempotency-Key is no text of ours."),
    HTTPStatus.UNAUTHORIZED: ("SignInFirst", "Nobody is signed in, or the token is not valid."),
    HTTPStatus.FORBIDDEN: ("NotAllowed", "The role, or the page's token, does not allow it."),
    HTTPStatus.NOT_FOUND: ("NotFound", "There is no such thing in this account."),
    HTTPStatus.REQUEST_TIMEOUT: ("TooSlow", "The body was too long on its way; send it again."),
    HTTPStatus.CONFLICT: ("OutOfTurn", "It does not go with how things stand; `detail` says why."),
    HTTPStatus.GONE: ("TooOld", "It is of too long ago; `detail` says how to begin again."),
    HTTPStatus.PRECONDITION_FAILED: ("Changed", "It was changed since it was read; read it again."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("TooLong", "The request is longer than any of ours."),
    HTTPStatus.UNPROCESSABLE_ENTITY: ("Unreadable", "It cannot be read; `detail` names where."),
    HTTPStatus.PRECONDITION_REQUIRED: ("VersionMissing", "Send If-Match with the version read."),
    HTTPStatus.TOO_MANY_REQUESTS: (
        "TooMany",
        "Too much was asked; wait for Retry-After, or as long as `detail` says.",
    ),
    HTTPStatus.NOT_IMPLEMENTED: ("NotOffered", "This practice's system cannot do it."),
    HTTPStatus.BAD_GATEWAY: ("NotHeard", "What this needs did not answer in time."),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Away", "Not available right now; send it again later."),
}
PLAINLY: Mapping[HTTPStatus, str] = {
    HTTPStatus.BAD_REQUEST: "It was cut off, or is nothing that is taken here.",
    HTTPStatus.UNAUTHORIZED: "It does not prove who sends it; nothing else is said.",
}
"""Refusals of what is told to us by machines, which have no body."""
PLAYED = "/api/vapi/"
"""What goes through the whole of a call, and so may not hear from it."""

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
        if path.startswith(API):
            operation["security"] = _security(method, operation)
            operation["responses"] = _responses(path, method, operation)
        else:
            operation["responses"] |= _elsewhere(method, path)
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


def _elsewhere(method: str, path: str) -> dict[str, Any]:
    """Refusals of the addresses for machines."""
    if path in {"/healthz", "/readyz"}:
        return {}
    found = [HTTPStatus.UNAUTHORIZED, HTTPStatus.SERVICE_UNAVAILABLE]
    if method not in SAFE_METHODS:
        found += [HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.TOO_MANY_REQUESTS]
        found += [HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_TIMEOUT]
    if "{" in path:
        found += [HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY]
    return {
        str(int(one)): {"description": PLAINLY[one]} if one in PLAINLY else _refers(one)
        for one in found
    }


def _refused(path: str, method: str, operation: Operation) -> Iterator[HTTPStatus]:
    is_told, changes = "requestBody" in operation, method not in SAFE_METHODS
    yield from (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.SERVICE_UNAVAILABLE)
    yield HTTPStatus.TOO_MANY_REQUESTS
    if operation.get("parameters") or is_told or changes:
        yield from (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND)
    if changes:
        yield from (HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        yield HTTPStatus.REQUEST_TIMEOUT
    if is_told:
        yield HTTPStatus.BAD_REQUEST
    if ASSISTANTS in operation["tags"]:
        yield from (HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.NOT_FOUND)
    if path.startswith(PLAYED):
        yield HTTPStatus.BAD_GATEWAY
    yield from (HTTPStatus(int(status)) for status in operation["responses"] if status >= "4")
    yield from _refused_by_header(operation)


def _refused_by_header(operation: Operation) -> Iterator[HTTPStatus]:
    headers = {
        one["name"]: one["required"]
        for one in operation.get("parameters", ())
        if one["in"] == "header"
    }
    if "Idempotency-Key" in headers:
        yield HTTPStatus.BAD_REQUEST
    if "If-Match" in headers:
        yield HTTPStatus.PRECONDITION_FAILED
    if headers.get("If-Match"):
        yield HTTPStatus.PRECONDITION_REQUIRED
