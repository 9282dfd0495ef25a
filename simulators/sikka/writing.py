"""Takes a write on, answers that it is queued, and sometimes loses that answer."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from simulators.faults import Fault
from simulators.serving import Line, Reply
from simulators.sikka import errors
from simulators.sikka.asking import KINDS, Kind, check
from simulators.sikka.cloud import Cloud
from simulators.sikka.errors import Refused
from simulators.sikka.offices import Office
from simulators.sikka.queue import LOST, Fate, Writeback

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """A write as it came over the wire."""

    method: str
    name: str
    target: str  # the rest of the path
    body: bytes

    def kind(self) -> Kind | None:
        kind = KINDS.get((self.method, self.name))
        return kind if kind and bool(kind.target) == bool(self.target) else None


def read(body: bytes) -> Json:
    try:
        told = json.loads(body or b"{}")
    except ValueError:
        raise Refused("API1026", "The body is not JSON") from None
    if not isinstance(told, dict):
        raise Refused("API1026", "The body is not an object")
    return told


def ask(
    writing: Writing, kind: Kind, office: Office, cloud: Cloud, fault: Fault | None
) -> tuple[Reply, str | None]:
    """The answer, and which lost-answer fault befalls it."""
    told = read(writing.body)
    location = check(kind, _named(told, kind, writing), office, cloud.knobs)
    fate = cloud.queue.fate(can_be_refused=kind.accepted != "API2016")
    if fate.name == "not-logged":
        raise Refused("API0008")
    lost = fault.name if fault and fault.name in LOST else fate.name
    write = cloud.queue.put(
        fate,
        office_id=office.id,
        practice_id=location.id,
        kind=kind.name,
        method=writing.method,
        api=writing.name,
        body=told,
        target=writing.target,
        requested_at=cloud.clock.now(),
        is_answered=lost not in LOST,
    )
    return accepted(kind, write), lost if lost in LOST else None


def _named(told: Mapping[str, Any], kind: Kind, writing: Writing) -> Json:
    """A body that names another thing than the path does is refused."""
    if not kind.target:
        return dict(told)
    if told.get(kind.target) not in {None, "", writing.target}:
        raise Refused("API1026", f"{kind.target} is not the one of the path")
    return dict(told)


def accepted(kind: Kind, write: Writeback) -> Reply:
    return errors.answer(
        kind.accepted,
        f"Id:{write.id}",
        more=f"https://api.sikkasoft.com/v4/writeback_status?id={write.id}",
        content_type=None if kind.accepted == "API2016" else errors.HTML,
    )


def lose(reply: Reply, how: str, seconds: float, stopping: threading.Event) -> Reply:
    """The write has been taken on all the same."""
    if how == "lost-504":
        return errors.answer("API2022")
    if how == "lost-silent":
        stopping.wait(seconds)
    return Reply(status=HTTPStatus.NO_CONTENT, line=Line.RESET)


def planned(told: Mapping[str, Any]) -> Fate:
    seconds = told.get("seconds")
    return Fate(
        name=str(told.get("fate", "done")),
        seconds=None if seconds is None else float(seconds),
        text=str(told.get("text", "")),
    )
