"""Vapi's own API, as far as tools are concerned: list, create and change them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import quote

from adapters.rest.waits import asked_pause
from adapters.vapi.messages import canonical
from domain.errors import BrokenContract, NeedsReconnect, Refused, Throttled, Transient, by_status
from infra.clock import system_clock
from infra.http import Answer

BASE_URL = "https://api.vapi.ai"
MOST_TOOLS = 1000
NEWEST = "9999-01-01T00:00:00Z"
PAUSE_SECONDS = 5.0

Tool = Mapping[str, Any]


class Sends(Protocol):
    """One HTTP request to an allowed host."""

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any | None = None,
    ) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of one tool; `id` is Vapi's own."""

    name: str
    outcome: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VapiApi:
    """The tools of the organisation that the key belongs to."""

    client: Sends
    key: str = field(repr=False)
    base_url: str = BASE_URL
    clock: Callable[[], datetime] = system_clock

    def tools(self) -> list[Tool]:
        """All there are, ours and others', newest first."""
        found: list[Tool] = []
        before: str | None = None
        while True:
            params = {"limit": str(MOST_TOOLS)} | ({"createdAtLt": before} if before else {})
            page = self._ask("GET", "/tool", params=params)
            if not isinstance(page, list) or not all(isinstance(one, Mapping) for one in page):
                raise BrokenContract("Vapi's list of tools is no list")
            found += page
            oldest = min((str(one.get("createdAt") or NEWEST) for one in page), default=NEWEST)
            if len(page) < MOST_TOOLS or oldest in {before, NEWEST}:
                return found
            before = oldest

    def push(self, wanted: Sequence[Tool]) -> list[Pushed]:
        """Make what is missing and change what differs; nobody's tool is ever deleted."""
        there = self.tools()
        return [self._push(one, there) for one in wanted]

    def _push(self, wanted: Tool, there: Sequence[Tool]) -> Pushed:
        name = _name(wanted)
        old = next((one for one in there if _is_the_same(one, wanted)), None)
        if old is None:
            made = self._ask("POST", "/tool", json=dict(wanted))
            return Pushed(name, "created", _id(made))
        if _contains(old, wanted):
            return Pushed(name, "unchanged", _id(old))
        changes = {key: value for key, value in wanted.items() if key != "type"}
        changed = self._ask("PATCH", f"/tool/{quote(_id(old), safe='')}", json=changes)
        return Pushed(name, "updated", _id(changed))

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Any | None = None,
    ) -> Any:
        answer = self.client.send(
            method,
            f"{self.base_url}{path}",
            headers={"Authorization": f"Bearer {self.key}"},
            params=params,
            json=json,
        )
        self._check(method, path, answer)
        return answer.json()

    def _check(self, method: str, path: str, answer: Answer) -> None:
        if answer.status < 300:  # noqa: PLR2004 - any success
            return
        if answer.status in {401, 403}:
            raise NeedsReconnect("Vapi does not take VAPI_API_KEY; set the private key of its org.")
        if answer.status == 429:  # noqa: PLR2004 - Too Many Requests
            pause = asked_pause(answer.headers, now=self.clock()) or PAUSE_SECONDS
            until = self.clock() + timedelta(seconds=pause)
            raise Throttled("Vapi asks for a pause; try again in a moment", until=until)
        problem = by_status(answer.status, {})
        what = f"Vapi answered {method} {path.split('/')[1]} with {answer.status}"
        raise Transient(what) if problem is Transient else Refused(what)


def _is_the_same(one: Tool, wanted: Tool) -> bool:
    """A function of that name for the same account; one for no account in particular is adopted."""
    if one.get("type") != "function" or canonical(_name(one)) != _name(wanted):
        return False
    return _account(one) in {None, _account(wanted)}


def _name(tool: Tool) -> str:
    function = tool.get("function")
    return str(function.get("name") or "") if isinstance(function, Mapping) else ""


def _id(tool: Any) -> str:
    found = tool.get("id") if isinstance(tool, Mapping) else None
    if not isinstance(found, str) or not found:
        raise BrokenContract("Vapi answered with a tool that has no id")
    return found


def _account(tool: Tool) -> str | None:
    given = tool.get("parameters")
    for one in given if isinstance(given, list) else ():
        if isinstance(one, Mapping) and one.get("key") == "accountId":
            return str(one.get("value"))
    return None


def _contains(there: Any, wanted: Any) -> bool:
    """Whether all that is wanted is there; Vapi adds defaults of its own."""
    if isinstance(wanted, Mapping):
        return isinstance(there, Mapping) and all(
            _contains(there.get(key), value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(there, list)
            and len(there) == len(wanted)
            and all(_contains(*pair) for pair in zip(there, wanted, strict=True))
        )
    return bool(there == wanted)
