"""A scheduler at the wire that offers less than most: what the adapter makes of its answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from adapters.advancedmd.desk import AdvancedMdDesk
from adapters.advancedmd.source import AdvancedMdSource
from domain.appointments import Appointment
from domain.connections import Connection
from tests.contract.kit import Stage, fixture, playing

DAY = date(2026, 6, 2)
START = datetime(2026, 6, 2, 13, tzinfo=UTC)
"""Nine o'clock at the office."""


def row(pms_id: str, **told: Any) -> dict[str, Any]:
    """A visit of DAY as the scheduler has it."""
    usual = {"id": int(pms_id), "startdatetime": f"{DAY}T09:00:00", "duration": 30, "columnid": 16}
    return {**usual, "patientid": 45, "status": 0, "confirmdate": None, **told}


@dataclass
class Scheduler:
    """`by_id` is what every question for one id is answered with, None for an answer.

    The first `answered` of them are answered all the same. `broken` are ids it always fails on.
    `made` is what a booking is answered with, `odd` what some ids are besides what the book shows.
    """

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_id: int | httpx.Response | None = None
    answered: int = 0
    broken: frozenset[str] = frozenset()
    written: int = 200
    made: Any = None
    settings: Mapping[str, str] = field(default_factory=dict)
    begins_on_monday: bool = False
    odd: dict[str, dict[str, Any]] = field(default_factory=dict)
    stage: Stage = field(init=False)
    codes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stage = Stage(fixture("advancedmd"), self._answers)

    @property
    def connection(self) -> Connection:
        return replace(self.stage.told.connection, settings=self.settings)

    def source(self) -> AdvancedMdSource:
        source = self.stage.told.vendor.opens
        assert source is not None
        opened = source(
            self.stage.told.vendor,
            self.connection,
            secrets=self.stage.told.told["secrets"],
            ports=replace(self.stage.ports, codes=self.codes),
        )
        assert isinstance(opened, AdvancedMdSource)
        return opened

    def desk(self) -> AdvancedMdDesk:
        desk = self.stage.told.vendor.desk
        assert desk is not None
        opened = desk(
            self.stage.told.vendor,
            self.connection,
            secrets=self.stage.told.told["secrets"],
            ports=replace(self.stage.ports, codes=self.codes),
        )
        assert isinstance(opened, AdvancedMdDesk)
        return opened

    def read(self, pms_id: str) -> Appointment:
        """The visit as a sync would have read it."""
        window = replace(self.stage.told.window)
        return next(one for one in self.source().rows(window) if one.pms_id == pms_id)

    @property
    def writes(self) -> list[str]:
        return [one.method for one in self.stage.sender.requests if one.method == "PUT"]

    @property
    def written_to(self) -> list[tuple[str, Any]]:
        """Where changes went, below the server, and what was in them."""
        sent = [one for one in self.stage.sender.requests if one.method == "PUT"]
        return [("/" + one.url.path.split("/", 4)[4], json.loads(one.content)) for one in sent]

    @property
    def views(self) -> list[str]:
        """What the book was asked by: days or weeks."""
        asked = [one.url.params.get("forView") for one in self.stage.sender.requests]
        return [one for one in asked if one]

    @property
    def asked_by_id(self) -> list[str]:
        asked = [one for one in self.stage.sender.requests if one.method == "GET"]
        paths = (one.url.path.rpartition("/")[2] for one in asked)
        return [one for one in paths if one.isdigit()]

    def _answers(self, request: httpx.Request) -> httpx.Response:
        last = request.url.path.rpartition("/")[2]
        if request.method == "PUT":
            return httpx.Response(self.written, json={})
        if request.method == "POST" and last == "Appointments":
            return httpx.Response(200, json=self.made)
        if request.method == "GET" and last == "appointments":
            return httpx.Response(200, json=self._listed(request.url.params))
        if request.method == "GET":
            return self._one(last)
        return playing(self.stage.told.exchanges)(request)

    def _listed(self, params: httpx.QueryParams) -> list[dict[str, Any]]:
        days = 7 if params["forView"] == "week" else 1
        first = date.fromisoformat(params["startDate"])
        if days > 1 and self.begins_on_monday:
            first -= timedelta(days=first.weekday())
        return [one for one in self.rows.values() if 0 <= (_day(one) - first).days < days]

    def _one(self, pms_id: str) -> httpx.Response:
        self.answered -= 1
        said = self.by_id if self.answered < 0 else None
        if pms_id in self.broken:
            said = 500
        if isinstance(said, httpx.Response):
            return said
        if said is not None:
            return httpx.Response(said, json={})
        found = self.odd.get(pms_id, self.rows.get(pms_id))
        return httpx.Response(404, json={}) if found is None else httpx.Response(200, json=found)


def _day(one: Any) -> date:
    """Where it stands; what does not say so in so many words stands on DAY."""
    told = str(one.get("startdatetime") if isinstance(one, dict) else None)[:10]
    return date.fromisoformat(told) if told[:4].isdigit() else DAY
