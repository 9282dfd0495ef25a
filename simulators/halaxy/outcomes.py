"""Errors as the vendor words them."""

import json
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from simulators.front import said
from simulators.serving import JSON, Reply

FHIR = "application/fhir+json"
CODES = {
    HTTPStatus.BAD_REQUEST: "invalid",
    HTTPStatus.UNAUTHORIZED: "expired",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.METHOD_NOT_ALLOWED: "not-supported",
    HTTPStatus.UNPROCESSABLE_ENTITY: "invalid",
    HTTPStatus.TOO_MANY_REQUESTS: "throttled",
}


class Refused(Exception):
    """Answered with an OperationOutcome."""

    def __init__(self, status: HTTPStatus, text: str, code: str = "") -> None:
        self.status = status
        self.code = code or CODES[status]
        super().__init__(text)


def outcome(severity: str, code: str, text: str) -> dict[str, Any]:
    issue = {"severity": severity, "code": code, "details": {"text": text}, "diagnostics": ""}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def refusal(refused: Refused) -> Reply:
    return said(outcome("error", refused.code, str(refused)), refused.status)


def dressed(reply: Reply) -> Reply:
    """Errors of the front door in the vendor's words, and everything under its own media type."""
    if reply.content_type != JSON:
        return reply
    if reply.status >= HTTPStatus.BAD_REQUEST and reply.body.startswith(b'{"message"'):
        text = json.loads(reply.body)["message"]
        code = CODES.get(HTTPStatus(reply.status), "exception")
        reply = replace(reply, body=json.dumps(outcome("error", code, text)).encode())
    return replace(reply, content_type=FHIR)
