"""Twilio's Messages resource with faults on request, and the controls behind /_sim."""

import json
import re
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from simulators.serving import Line, Reply, Request
from simulators.twilio import calling
from simulators.twilio.account import Account
from simulators.twilio.messages import STATUSES, Messages

CONTROL = "/_sim"
UNSUBSCRIBED = 21610
FAULTS: Mapping[str, int] = {"401": 20003, "404": 20404, "429": 20429, "500": 20500}
LOST = ("lost", "lost-500")
"""Taken on, and no answer comes; or one that says it failed."""

AUTOMATIC = ("sent", "delivered")
_E164 = re.compile(r"\+[1-9]\d{6,14}")


class TwilioSimulator:
    """Serve it with `running(TwilioSimulator())`."""

    def __init__(self, account: Account | None = None) -> None:
        self.account = account or Account.seeded(7)
        self.messages = Messages(self.account)
        self.stopping = threading.Event()
        self.faults: list[str] = []
        self.words: tuple[str, ...] = AUTOMATIC
        self.asked = 0

    def described(self, url: str) -> dict[str, Any]:
        return {
            "vendor": "twilio",
            "url": url,
            "base_url": url,
            "account_sid": self.account.sid,
            "auth_token": self.account.auth_token,
            "messaging_service_sid": self.account.messaging_service_sid,
            "number": self.account.number,
        }

    def answer(self, request: Request) -> Reply:
        if request.path.startswith(CONTROL):
            return self._controlled(request)
        self.asked += 1
        return self._refused(request) or self._served(request)

    def _refused(self, request: Request) -> Reply | None:
        if not self.account.is_basic(request.headers.get("authorization", "")):
            return _problem(HTTPStatus.UNAUTHORIZED, 20003, "Authenticate")
        if request.path != f"/2010-04-01/Accounts/{self.account.sid}/Messages.json":
            return _problem(HTTPStatus.NOT_FOUND, 20404, "The requested resource was not found")
        return None

    def _served(self, request: Request) -> Reply:
        fault = self.faults.pop(0) if self.faults else ""
        if fault in FAULTS:
            return _problem(HTTPStatus(int(fault)), FAULTS[fault], "As was asked for")
        reply = self._listed(request) if request.method == "GET" else self._taken(request)
        if fault == "lost":
            return Reply(status=0, line=Line.RESET)
        if fault == "lost-500":
            return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, 20500, "Internal server error")
        return reply

    def _taken(self, request: Request) -> Reply:
        form = {name: each[0] for name, each in parse_qs(request.body.decode(), True).items()}  # noqa: FBT003
        problem = self._wrong_with(form)
        if problem is not None:
            return _problem(HTTPStatus.BAD_REQUEST, *problem)
        message = self.messages.take(form)
        threading.Thread(target=self._play, args=(message.sid, self.words), daemon=True).start()
        return _json(HTTPStatus.CREATED, self.messages.shown(message))

    def _wrong_with(self, form: Mapping[str, str]) -> tuple[int, str] | None:
        if not _E164.fullmatch(form.get("To", "")):
            return 21211, "Invalid 'To' Phone Number"
        if not form.get("Body"):
            return 21602, "Message body is required"
        if form.get("MessagingServiceSid") != self.account.messaging_service_sid:
            return 21701, "The Messaging Service does not exist"
        if form["To"] in self.messages.opted_out:
            return UNSUBSCRIBED, "Attempt to send to unsubscribed recipient"
        return None

    def _listed(self, request: Request) -> Reply:
        found = self.messages.found(request.values())
        return _json(HTTPStatus.OK, {"messages": [self.messages.shown(one) for one in found]})

    def _play(self, sid: str, words: tuple[str, ...]) -> None:
        """What becomes of it, told to whoever asked to be told."""
        for word in words:
            message = self.messages.turn(sid, word)
            calling.told(self.account, message, [word])

    def _controlled(self, request: Request) -> Reply:
        controls: Mapping[str, Callable[[Mapping[str, Any]], Reply]] = {
            "/health": lambda _: _json(HTTPStatus.OK, {"ok": True}),
            "/truth": lambda _: _json(HTTPStatus.OK, self._truth()),
            "/faults": self._break,
            "/words": self._say,
            "/callback": self._call_back,
            "/inbound": self._write,
        }
        wanted = controls.get(request.path.removeprefix(CONTROL))
        if wanted is None:
            return _json(HTTPStatus.NOT_FOUND, {"problem": "no such control"})
        return wanted(json.loads(request.body or b"{}"))

    def _say(self, given: Mapping[str, Any]) -> Reply:
        """What becomes of every message from now on."""
        self.words = tuple(word for word in given["words"] if word in STATUSES)
        return _json(HTTPStatus.OK, {"words": self.words})

    def _truth(self) -> dict[str, Any]:
        kept = [self.messages.shown(one) for one in self.messages.kept]
        return {
            "messages": kept,
            "opted_out": sorted(self.messages.opted_out),
            "requests": self.asked,
        }

    def _break(self, given: Mapping[str, Any]) -> Reply:
        """The next requests go wrong in this order."""
        wanted = [str(one) for one in given["next"]]
        unknown = [one for one in wanted if one not in FAULTS and one not in LOST]
        if unknown:
            return _json(HTTPStatus.BAD_REQUEST, {"problem": f"no such fault: {unknown[0]}"})
        self.faults.extend(wanted)
        return _json(HTTPStatus.OK, {"next": self.faults})

    def _call_back(self, given: Mapping[str, Any]) -> Reply:
        """Callbacks of one message in any order and number, such as after a lost one."""
        words = [str(one) for one in given["words"]]
        message = self.messages.turn(given["sid"], words[-1], given.get("error_code"))
        return _json(HTTPStatus.OK, {"statuses": calling.told(self.account, message, words)})

    def _write(self, given: Mapping[str, Any]) -> Reply:
        """Somebody texts us; STOP and START are obeyed by Twilio itself, too."""
        word = str(given["body"]).strip().upper()
        if word in {"STOP", "START"}:
            change = self.messages.opted_out.add if word == "STOP" else self._forget
            change(given["from"])
        form = calling.inbound_form(self.account, given["from"], given["body"])
        return _json(HTTPStatus.OK, {"status": calling.post(self.account, given["url"], form)})

    def _forget(self, number: str) -> None:
        self.messages.opted_out.discard(number)


def _problem(status: HTTPStatus, code: int, message: str) -> Reply:
    document = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": int(status),
    }
    headers = {"Retry-After": "1"} if status is HTTPStatus.TOO_MANY_REQUESTS else {}
    body = json.dumps(document).encode()
    return Reply(status=status, body=body, headers=headers)


def _json(status: HTTPStatus, document: Mapping[str, Any]) -> Reply:
    return Reply(status=status, body=json.dumps(document).encode())
