"""The fault dial: what can go wrong, how often, and what goes wrong next."""

import json
import random
import re
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from simulators.chance import chance, happens
from simulators.serving import Line, Reply

SLOW_SECONDS = 35.0
HUGE_BYTES = 50_000_000
RETRY_AFTER = 7
HTML = b"<!doctype html><html><head><title>Maintenance</title></head><body>Back soon</body></html>"


class Fits(StrEnum):
    """The sort of request a fault can happen to."""

    ANY = "any"
    SIGNED = "signed"  # carries a token
    LIST = "list"
    PAGED = "paged"
    NEXT_PAGE = "next_page"  # carries a cursor
    WRITE = "write"  # is put in a queue and answered before it is done


FAULTS: Mapping[str, Fits] = {
    "401": Fits.SIGNED,
    "429": Fits.SIGNED,
    "429-bare": Fits.SIGNED,
    "500": Fits.ANY,
    "502": Fits.ANY,
    "503": Fits.ANY,
    "504": Fits.ANY,
    "slow": Fits.ANY,
    "reset": Fits.ANY,
    "truncated": Fits.ANY,
    "cut": Fits.ANY,
    "html": Fits.ANY,
    "huge": Fits.ANY,
    "wrong-type": Fits.LIST,
    "missing-list": Fits.LIST,
    "endless-cursor": Fits.PAGED,
    "repeated-page": Fits.NEXT_PAGE,
    "moved-cursor": Fits.NEXT_PAGE,
    "lost-504": Fits.WRITE,  # taken on, and the gateway says it has waited too long
    "lost-drop": Fits.WRITE,  # taken on, and the line drops
    "lost-silent": Fits.WRITE,  # taken on, and no answer comes
}
WRONG_VALUES: tuple[Any, ...] = (17, "not what you expect", True, ["a", "list"], {"an": "object"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    name: str
    seconds: float | None = None  # of a slow answer, or in Retry-After
    size: int = HUGE_BYTES
    shift: int | None = None  # rows a moved cursor skips, or repeats when negative
    field: str | None = None  # which field of a record goes wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """After `after` requests whose target matches `path`, the next `times` get the fault."""

    fault: Fault
    path: re.Pattern[str] = re.compile("")
    times: int = 1
    after: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """Where a reply keeps its records (empty when it is a bare list), and what can be broken."""

    key: str
    breakable: tuple[str, ...]
    resource_type: str = ""  # when the records are resources inside the entries of a bundle
    id_key: str = "id"

    def records(self, document: Any) -> list[Any]:
        listed = document[self.key] if self.key else document
        if not self.resource_type:
            return list(listed)
        resources = (each["resource"] for each in listed)
        return [each for each in resources if each["resourceType"] == self.resource_type]


@dataclass(kw_only=True)
class Faults:
    seed: object = 0
    dial: dict[str, float] = field(default_factory=dict)
    scripts: list[Script] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self.rng = chance("faults", self.seed)
        self.turn(self.dial)

    def turn(self, dial: Mapping[str, float]) -> None:
        """Set the probability of each fault named; the others keep theirs."""
        for name, share in dial.items():
            check_fault(name)
            if not 0 <= share <= 1:
                raise ValueError(f"{name}: a probability is between 0 and 1")
        with self._lock:
            self.dial = {**self.dial, **dial}

    def script(self, script: Script) -> None:
        check_fault(script.fault.name)
        with self._lock:
            self.scripts.append(script)

    def clear(self) -> None:
        with self._lock:
            self.dial, self.scripts = {}, []

    def reseed(self, seed: object) -> None:
        with self._lock:
            self.rng = chance("faults", seed)

    def pick(self, target: str, fits: Collection[Fits]) -> Fault | None:
        """At most one fault a request: a script's if one matches, else the dial's."""
        with self._lock:
            return self._scripted(target, fits) or self._rolled(fits)

    def _scripted(self, target: str, fits: Collection[Fits]) -> Fault | None:
        for index, script in enumerate(self.scripts):
            if FAULTS[script.fault.name] in fits and script.path.search(target):
                if script.after:
                    self.scripts[index] = replace(script, after=script.after - 1)
                    continue
                self.scripts[index] = replace(script, times=script.times - 1)
                self.scripts = [each for each in self.scripts if each.times > 0]
                return script.fault
        return None

    def _rolled(self, fits: Collection[Fits]) -> Fault | None:
        for name, share in self.dial.items():
            if FAULTS[name] in fits and happens(self.rng, share):
                return Fault(name=name)
        return None


def check_fault(name: str) -> None:
    if name not in FAULTS:
        raise ValueError(f"no such fault: {name!r}; there are {', '.join(FAULTS)}")


def instead(fault: Fault) -> Reply | None:
    """The reply of a fault that happens before the vendor has read the request."""
    if fault.name == "reset":
        return Reply(status=0, line=Line.RESET)
    if fault.name == "html":
        return Reply(body=HTML, content_type="text/html; charset=utf-8")
    code = fault.name.removesuffix("-bare")
    if not code.isdigit():
        return None
    told = fault.name == "429"
    seconds = RETRY_AFTER if fault.seconds is None else int(fault.seconds)
    return Reply(
        status=int(code),
        body=json.dumps({"message": HTTPStatus(int(code)).phrase}).encode(),
        headers={"Retry-After": str(seconds)} if told else {},
    )


def spoil(reply: Reply, fault: Fault) -> Reply:
    """Damage what the vendor has said, as far as its bytes go."""
    spoilers: Mapping[str, Callable[[], Reply]] = {
        "truncated": lambda: replace(reply, body=reply.body[: len(reply.body) * 2 // 3]),
        "cut": lambda: replace(reply, line=Line.CUT),
        "huge": lambda: replace(reply, body=_padded(reply.body, fault.size)),
    }
    return spoilers[fault.name]() if fault.name in spoilers else reply


def _padded(body: bytes, size: int) -> bytes:
    """Still valid JSON: the white space of a body may be any length."""
    return body[:1] + b" " * max(0, size - len(body)) + body[1:]


def misshape(
    reply: Reply, fault: Fault, listing: Listing, rng: random.Random
) -> tuple[Reply, str | None]:
    """Damage what the vendor has said, as far as its shape goes; says whose record it was."""
    document = json.loads(reply.body)
    damaged = None
    if fault.name == "missing-list":
        document = {k: v for k, v in document.items() if k != listing.key} if listing.key else {}
    elif records := listing.records(document):
        record = rng.choice(records)
        damaged = str(record[listing.id_key])
        name = fault.field or rng.choice(listing.breakable)
        record[name] = _wrong(record.get(name), rng)
    return replace(reply, body=json.dumps(document).encode()), damaged


def _wrong(value: Any, rng: random.Random) -> Any:
    return rng.choice([each for each in WRONG_VALUES if type(each) is not type(value)])
