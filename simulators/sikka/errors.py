"""How the vendor refuses: a body of strings whose error_code says more than the status."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from simulators.front import said
from simulators.serving import Reply

STATUSES: Mapping[str, int] = {
    **dict.fromkeys(("API0002", "API0007", "API0008", "API0011", "API4006"), 200),
    "API2016": 201,
    "API1029": 202,
    **dict.fromkeys(
        ("API1001", "API1002", "API1003", "API1004", "API1005", "API1020", "API1025", "API1026"),
        400,
    ),
    **dict.fromkeys(("API2003", "API2004", "API2007"), 401),
    "API2009": 404,
    "API2014": 405,
    "API2013": 409,
    "API2018": 410,
    "API2017": 412,
    "API2019": 422,
    **dict.fromkeys(("API2011", "API2012"), 429),
    **dict.fromkeys(("API2001", "API2010"), 500),
    "API2002": 503,
    "API2022": 504,
}
SHORT: Mapping[str, str] = {
    "API0002": "Session ended",
    "API0007": "Appointment status logged",
    "API0008": "Appointment status not logged",
    "API0011": "Patient update logged",
    "API1001": "Missing application id",
    "API1002": "Missing application key",
    "API1003": "Missing office id",
    "API1004": "Missing or invalid request key",
    "API1005": "Missing secret key",
    "API1020": "Missing parameter",
    "API1025": "Request key expired",
    "API1026": "Invalid parameter",
    "API1029": "Remote command accepted",
    "API2001": "Internal error",
    "API2002": "Service overloaded",
    "API2003": "Invalid application credentials",
    "API2004": "API is not in the plan",
    "API2007": "Practice is not authorized",
    "API2009": "No such resource",
    "API2010": "Practice data has never been uploaded",
    "API2011": "Daily data quota exceeded",
    "API2012": "Daily request quota exceeded",
    "API2013": "Already exists",
    "API2014": "Method not allowed",
    "API2016": "Created",
    "API2017": "SPU is offline",
    "API2018": "Gone",
    "API2019": "Invalid parameters",
    "API2022": "Gateway timeout",
    "API4006": "Write-back request deleted",
}
# What a fault of the dial would have been called.
BY_STATUS = {401: "API2003", 429: "", 500: "API2001", 502: "", 503: "API2002", 504: "API2022"}
HTML = "text/html; charset=UTF-8"


class Refused(Exception):
    """Answered with one of the vendor's codes."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or SHORT[code])
        self.code = code


def answer(
    code: str, message: str = "", *, more: str = "", content_type: str | None = None
) -> Reply:
    reply = said(body(STATUSES[code], code, message, more), STATUSES[code])
    return reply if content_type is None else _labelled(reply, content_type)


def _labelled(reply: Reply, content_type: str) -> Reply:
    return Reply(status=reply.status, body=reply.body, content_type=content_type)


def body(status: int, code: str, message: str = "", more: str = "") -> dict[str, Any]:
    """The sample of an SPU that is offline spells one field another way."""
    phrase = HTTPStatus(status).phrase
    long = "log_message" if code == "API2017" else "long_message"
    return {
        "http_code": str(status),
        "http_code_desc": phrase.replace(" ", ""),
        "error_code": code,
        "short_message": SHORT.get(code, phrase),
        long: message or SHORT.get(code, phrase),
        "more_information": more,
    }


def refusal(refused: Refused) -> Reply:
    return answer(refused.code, str(refused))


def restyled(reply: Reply) -> Reply:
    """What went wrong before the vendor had looked, in the vendor's words."""
    if reply.status not in BY_STATUS or b'"error_code"' in reply.body or not reply.body:
        return reply
    code = BY_STATUS[int(reply.status)]
    styled = said(body(int(reply.status), code), reply.status)
    return Reply(status=reply.status, body=styled.body, headers=reply.headers)
