"""The endpoints for the application as a whole, signed with App-Id and App-Key."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from simulators.serving import Reply
from simulators.sikka import errors
from simulators.sikka.cloud import Cloud
from simulators.sikka.errors import Refused
from simulators.sikka.listing import read_date
from simulators.sikka.offices import Location, Office
from simulators.sikka.personas import PERSONAS, WRITES
from simulators.sikka.queue import State, Writeback
from simulators.sikka.shapes import ROOT
from simulators.sikka.zones import windows

Json = dict[str, Any]
Values = Mapping[str, str]
STALE = timedelta(hours=24)
WEEK = timedelta(days=7)
COMMANDS = ("refresh_data", "change_setting_schedule_interval", "change_setting_schedule_time")


def stamp(when: datetime | None, zone: tzinfo = UTC) -> str:
    return f"{when.astimezone(zone):%Y-%m-%d %H:%M:%S}" if when else ""


def _iso(when: datetime, zone: tzinfo) -> str:
    return f"{when.astimezone(zone):%Y-%m-%dT%H:%M:%S}"


def matching(rows: Iterator[Json], values: Values, names: tuple[str, ...]) -> list[Json]:
    wanted = {name: values[name].casefold() for name in names if values.get(name)}
    return [row for row in rows if all(row[name].casefold() == wanted[name] for name in wanted)]


def authorized(cloud: Cloud, values: Values, only: Office | None = None) -> list[Json]:
    """The first practice of each office, unless all are to be shown."""
    is_all = values.get("show", "").casefold() == "all"
    rows = (
        authorized_practice(cloud, office, location)
        for office in cloud.offices.values()
        if office.is_authorised and (only is None or only is office)
        for location in office.practices.values()
        if is_all or location.number == 1
    )
    names = (
        "practice_id", "practice_name", "practice_management_system",
        "practice_management_system_version", "financial_system", "financial_system_version",
        "practice_management_system_refresh_date_time_zone", "office_id",
    )  # fmt: skip
    return matching(rows, values, names)


def authorized_practice(cloud: Cloud, office: Office, location: Location) -> Json:
    zone = location.clinic.zone
    refreshed = _iso(office.refreshed_at, zone)
    offset = cloud.clock.now().astimezone(zone).utcoffset() or timedelta()
    return {
        "href": f"{ROOT}/authorized_practices/{office.id}",
        "city": "Springvale",
        "state": "NY",
        "practice_id": location.id,
        "address": f"{location.number} Example Plaza",
        "zip": "10999",
        "office_id": office.id,
        "domain": "Dental",
        "secret_key": office.secret_key,
        "practice_name": location.name,
        "practice_management_system": location.persona.name,
        "practice_management_system_version": location.persona.version,
        "financial_system": "",
        "financial_system_version": "",
        "practice_management_system_refresh_date": refreshed,
        "data_synchronization_date": refreshed,
        "data_insert_date": refreshed,
        "practice_management_system_refresh_date_time_zone": windows(zone.key),
        "partner_id": "",
        "difference_in_minutes": str(int(-offset.total_seconds() // 60)),
    }


def _sync_status(cloud: Cloud, values: Values) -> list[Json]:
    now = cloud.clock.now()
    rows = (
        {
            "office_id": office.id,
            "practice_id": location.id,
            "status": "not_refresh" if now - office.refreshed_at > STALE else "refresh",
            "practice_management_system_refresh_date": _iso(
                office.refreshed_at, location.clinic.zone
            ),
            "practice_management_system_refresh_date_time_zone": windows(location.clinic.zone.key),
            "data_insert_date": _iso(office.refreshed_at, location.clinic.zone),
        }
        for office in cloud.offices.values()
        if office.is_authorised
        for location in office.practices.values()
    )
    return matching(rows, values, ("office_id", "status"))


def _supported(cloud: Cloud, values: Values) -> list[Json]:
    rows = (
        {
            "domain": "Dental",
            "practice_management_system": each.name,
            "practice_management_system_version": each.version,
            **{name: "not available" if name in each.lacks else "available" for name in WRITES},
        }
        for each in PERSONAS.values()
    )
    return matching(rows, values, ("domain", "practice_management_system", *WRITES))


def _health(cloud: Cloud, values: Values) -> list[Json]:
    rows = (
        {
            "office_id": office.id,
            "practice_id": location.id,
            "spc_id": office.spc_id,
            "spu_status": "online" if office.is_online else "offline",
            "error": "" if office.is_online else "No contact with the SPU",
            "timezone": windows(location.clinic.zone.key),
            "last_refresh_date": _iso(office.refreshed_at, location.clinic.zone),
        }
        for office in cloud.offices.values()
        if office.is_authorised
        for location in office.practices.values()
    )
    return matching(rows, values, ("office_id", "spc_id", "practice_id"))


def _writebacks(cloud: Cloud, values: Values) -> list[Json]:
    """Of all offices, with what they asked for."""
    start, end = (read_date(values, name) for name in ("startdate", "enddate"))
    if start is None or end is None:
        raise Refused("API1020", "startdate and enddate are required")
    if not timedelta() <= end - start <= WEEK:
        raise Refused("API1026", "startdate and enddate are at most 7 days apart")
    return [
        _writeback(cloud, each)
        for each in list(cloud.queue.all)
        if start <= each.requested_at.astimezone(_zone(cloud, each)).date() <= end
        and values.get("id") in {None, "", each.id}
        and values.get("office_id") in {None, "", each.office_id}
    ]


def _writeback(cloud: Cloud, write: Writeback) -> Json:
    zone = _zone(cloud, write)
    took = (write.completed_at - write.requested_at).total_seconds() if write.completed_at else None
    return {
        "id": write.id,
        "result": write.result,
        "office_id": write.office_id,
        "practice_id": write.practice_id,
        "method": write.method,
        "api_name": write.api,
        "api_request_body": json.dumps(write.body),
        "command_time": stamp(write.requested_at, zone),
        "completed_time": stamp(write.completed_at, zone),
        "duration_in_second": "" if took is None else str(int(took)),
        "description": "",
    }


def _zone(cloud: Cloud, write: Writeback) -> tzinfo:
    office = cloud.offices[write.office_id]
    is_own = cloud.knobs.writeback_zone == "practice"
    return office.practices[write.practice_id].clinic.zone if is_own else UTC


def status(cloud: Cloud, office: Office, values: Values) -> list[Json]:
    asked = values.get("id")
    return [
        _status(cloud, each)
        for each in list(cloud.queue.all)
        if each.office_id == office.id and asked in {None, "", each.id}
        if each.state is not State.DELETED
    ]


def _status(cloud: Cloud, write: Writeback) -> Json:
    zone, is_over = _zone(cloud, write), write.state is not State.PENDING
    has_error = write.state is State.FAILED
    return {
        "id": write.id,
        "office_id": write.office_id,
        "method": write.method,
        "api": write.api,
        "payload_body": json.dumps(write.body),
        "appointment_sr_no": write.target if write.api == "appointments" else "",
        "request_time": stamp(write.requested_at, zone),
        "is_completed": "True" if is_over else "False",
        "has_error": "True" if has_error else "False",
        "completed_time": stamp(write.completed_at, zone),
        "result": write.result,
        "practice_id": write.practice_id,
        "status": "Failure" if has_error else "Success" if is_over else "Pending",
        "patient_id": str(write.body.get("patient_id") or ""),
        "created_id": write.created_id if cloud.knobs.tells_created else "",
    }


def withdraw(cloud: Cloud, id_: str) -> Reply:
    """Only while it waits."""
    with cloud.lock:
        write = cloud.queue.one(id_)
        if write is None:
            raise Refused("API2009")
        if write.state is not State.PENDING:
            raise Refused("API2018", "The write-back is no longer pending")
        write.settle(State.DELETED, cloud.clock.now(), "deleted")
    return errors.answer("API4006")


def command(cloud: Cloud, told: Json) -> Reply:
    office = cloud.offices.get(str(told.get("office_id")))
    if office is None:
        raise Refused("API1003")
    if told.get("command_name") not in COMMANDS:
        raise Refused("API1026", "command_name is not known")
    if told["command_name"] == "refresh_data" and office.is_online:
        with cloud.lock:
            cloud.refresh(office, cloud.clock.now())
    return errors.answer("API1029", f"Id:{office.number}")


SUPPORT: Mapping[str, Callable[[Cloud, Values], list[Json]]] = {
    "data_sync_status": _sync_status,
    "supported_pmses": _supported,
    "health_check": _health,
    "writebacks": _writebacks,
}
