"""The feed of changes: what the refreshes of a day have brought."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from simulators.sikka.cloud import Cloud
from simulators.sikka.copies import Copy, Event
from simulators.sikka.errors import Refused
from simulators.sikka.listing import Found, Table, within

Json = dict[str, Any]
Values = Mapping[str, str]
KINDS = ("patients", "appointments", "transactions", "guarantors", "providers", "practices",
         "claims")  # fmt: skip
DAY_MINUTES = 1440


def _render(copy: Copy, event: Event) -> Json:
    loaded = event.loaded_at.astimezone(copy.location.clinic.zone)
    told = {
        **event.record,
        "flag": event.flag,
        "loadeddate": f"{loaded:%Y-%m-%dT%H:%M:%S}",
    }
    return {**told, "changes": list(event.changes)}


FEED = Table(rows=lambda copy, values: [], render=_render)


def found(cloud: Cloud, copies: list[Copy], values: Values) -> list[Found]:
    kinds = [each for each in values.get("events", "").split(",") if each]
    if not kinds:
        raise Refused("API1020", "events is required")
    if not set(kinds) <= set(KINDS):
        raise Refused("API1026", "events is not known")
    rows: list[Found] = [
        (copy, event)
        for copy in copies
        for event in cloud.events[copy.location.site]
        if event.kind in kinds and _is_in(cloud, copy, event, values)
    ]
    if values.get("status") != "current":
        return rows
    return list({(copy.location.site, event.kind, event.id): (copy, event)
                 for copy, event in rows}.values())  # fmt: skip


def _is_in(cloud: Cloud, copy: Copy, event: Event, values: Values) -> bool:
    if interval := values.get("interval"):
        if not interval.isdecimal() or not 0 < int(interval) <= DAY_MINUTES:
            raise Refused("API1026", "interval is at most 1440 minutes")
        return event.loaded_at >= cloud.clock.now() - timedelta(minutes=int(interval))
    if not values.get("loaded_startdate"):
        raise Refused("API1020", "interval or loaded_startdate is required")
    return within(event.loaded_at, values, copy.location.clinic.zone)
