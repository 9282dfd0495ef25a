"""Vapi's tool API and call control with faults on request, and the controls behind /_sim."""

import json
import threading
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from simulators.serving import Line, Reply, Request
from simulators.vapi.checking import problems
from simulators.vapi.shelf import Shelf

CONTROL = "/_sim"
FAULTS = ("401", "429", "500", "503")
LOST = "lost"
"""Taken on, and no answer comes."""

DEFAULT_LIMIT, MOST = 100, 1000
Document = Mapping[str, Any] | list[dict[str, Any]]


class VapiSimulator:
    """Serve it with `running(VapiSimulator())`."""

    def __init__(self, seed: object = 7) -> None:
        self.shelf = Shelf(seed)
        self.stopping = threading.Event()
        self.faults: list[str] = []
        self.arrived: list[str] = []
        self.commands: list[dict[str, Any]] = []

    def described(self, url: str) -> dict[str, Any]:
        return {
            "vendor": "vapi",
            "url": url,
            "base_url": url,
            "api_key": self.shelf.key,
            "org_id": self.shelf.org_id,
            "control_url": f"{url}/call-1/control",
        }

    def answer(self, request: Request) -> Reply:
        if request.path.startswith(CONTROL):
            return self._controlled(request)
        self.arrived.append(f"{request.method} {request.path}")
        fault = self.faults.pop(0) if self.faults else ""
        if fault in FAULTS:
            return _problem(HTTPStatus(int(fault)), "As was asked for")
        reply = self._served(request)
        return Reply(status=0, line=Line.RESET) if fault == LOST else reply

    def _served(self, request: Request) -> Reply:
        """A control address needs no key: whoever knows it may use it."""
        try:
            body = json.loads(request.body or b"{}")
        except ValueError:
            return _problem(HTTPStatus.BAD_REQUEST, "Unexpected token in JSON")
        parts = request.path.strip("/").split("/")
        if request.method == "POST" and parts[-1] == "control":
            self.commands.append({"call": parts[0], **body})
            return _json(HTTPStatus.OK, {})
        if request.headers.get("authorization") != f"Bearer {self.shelf.key}":
            return _problem(HTTPStatus.UNAUTHORIZED, "Invalid Key. Hot tip, use the private key.")
        if parts[0] != "tool":
            return _problem(HTTPStatus.NOT_FOUND, f"Cannot {request.method} {request.path}")
        return self._one(request, body, parts[1]) if parts[1:] else self._all(request, body)

    def _all(self, request: Request, body: Mapping[str, Any]) -> Reply:
        if request.method == "GET":
            asked = request.values()
            limit = min(int(asked.get("limit", DEFAULT_LIMIT)), MOST)
            found = self.shelf.listed(limit=limit, before=asked.get("createdAtLt", ""))
            return _json(HTTPStatus.OK, found)
        wrong = problems(body, is_new=True)
        if wrong:
            return _problem(HTTPStatus.BAD_REQUEST, wrong)
        return _json(HTTPStatus.CREATED, self.shelf.add(body))

    def _one(self, request: Request, body: Mapping[str, Any], tool_id: str) -> Reply:
        wrong = problems(body, is_new=False) if request.method == "PATCH" else []
        if wrong:
            return _problem(HTTPStatus.BAD_REQUEST, wrong)
        match request.method:
            case "PATCH":
                found = self.shelf.change(tool_id, body)
            case "DELETE":
                found = self.shelf.drop(tool_id)
            case _:
                found = self.shelf.kept.get(tool_id)
        if found is None:
            return _problem(HTTPStatus.NOT_FOUND, "Tool not found")
        return _json(HTTPStatus.OK, found)

    def _controlled(self, request: Request) -> Reply:
        given = json.loads(request.body or b"{}")
        match request.path.removeprefix(CONTROL):
            case "/health":
                return _json(HTTPStatus.OK, {"ok": True})
            case "/truth":
                return _json(HTTPStatus.OK, self._truth())
            case "/faults":
                return self._break([str(one) for one in given["next"]])
        return _json(HTTPStatus.NOT_FOUND, {"problem": "no such control"})

    def _truth(self) -> dict[str, Any]:
        return {
            "tools": list(self.shelf.kept.values()),
            "commands": self.commands,
            "requests": self.arrived,
        }

    def _break(self, wanted: list[str]) -> Reply:
        """The next requests go wrong in this order."""
        unknown = [one for one in wanted if one not in {*FAULTS, LOST}]
        if unknown:
            return _json(HTTPStatus.BAD_REQUEST, {"problem": f"no such fault: {unknown[0]}"})
        self.faults.extend(wanted)
        return _json(HTTPStatus.OK, {"next": self.faults})


def _problem(status: HTTPStatus, message: str | list[str]) -> Reply:
    document = {"message": message, "error": status.phrase, "statusCode": int(status)}
    headers = {"Retry-After": "1"} if status is HTTPStatus.TOO_MANY_REQUESTS else {}
    return Reply(status=status, body=json.dumps(document).encode(), headers=headers)


def _json(status: HTTPStatus, document: Document) -> Reply:
    return Reply(status=status, body=json.dumps(document).encode())
