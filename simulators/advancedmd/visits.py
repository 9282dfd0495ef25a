"""Messages about visits: a day's, those changed of late, and those to be reminded of."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from http import HTTPStatus
from xml.etree.ElementTree import Element, SubElement
from zoneinfo import ZoneInfo

from simulators.advancedmd import troubles, wording
from simulators.advancedmd.messages import Message
from simulators.advancedmd.names import held, listed
from simulators.advancedmd.offices import Office
from simulators.advancedmd.troubles import Faulted, Refused
from simulators.chance import share_of
from simulators.records import Appointment

ALLOWED: Mapping[str, frozenset[str]] = {
    "visit": frozenset({"columnheading", "duration", "color", "apptstatus"}),
    "patient": frozenset({"name", "chart"}),
    "insurance": frozenset({"carname", "carcode"}),
}
CARRIERS = (("EXAMPLE MUTUAL", "EXM"), ("SAMPLE HEALTH", "SMH"))
LISTS = {"reminder": "reminderlist", "appt": "apptlist"}
Template = Mapping[str, set[str]]


def of_day(message: Message, office: Office) -> Element:
    """One day of the office; only the columns asked for, and sometimes not the time."""
    day = read_day(message, "visitdate")
    template = _template(message.root)
    found = [row for row in office.rows() if office.clinic.day_of(row) == day]
    found = limited(found if office.sees_visits else [], office)
    results = Element("Results", visitcount=str(len(found)))
    visits = SubElement(results, "visitlist")
    visits.extend(_visit(row, office, template) for row in found)
    return results


def _template(root: Element) -> Template:
    asked = {each.tag: set(each.attrib) for each in root if each.tag != "usercontext"}
    for tag, columns in asked.items():
        for column in columns:
            if column not in ALLOWED.get(tag, ()):
                raise Refused(HTTPStatus.BAD_REQUEST, f"Invalid column name '{column}'")
    return asked


def _visit(row: Appointment, office: Office, template: Template) -> Element:
    columns = {
        "columnheading": str(held(office.column_of(row).name)),
        "duration": str(row.minutes),
        "color": "#5b8def",
        "apptstatus": str(office.code_of(row)),
    }
    visit = Element("visit", {"id": office.visit_id(row), **_starttime(row, office)})
    visit.attrib.update(_chosen(columns, template.get("visit", set())))
    if "patient" in template and row.attendees:
        visit.append(_patient(row, office, template["patient"]))
    if "insurance" in template and row.attendees:
        name, code = CARRIERS[row.variant % len(CARRIERS)]
        carrier = _chosen({"carname": name, "carcode": code}, template["insurance"])
        SubElement(visit, "insurance", carrier)
    return visit


def _chosen(columns: dict[str, str], asked: set[str]) -> dict[str, str]:
    return {name: value for name, value in columns.items() if name in asked}


def _starttime(row: Appointment, office: Office) -> dict[str, str]:
    if share_of("starttime", row.id) >= office.knobs.starttimes:
        return {}
    return {"starttime": wording.clock(row.start.astimezone(office.clinic.zone))}


def _patient(row: Appointment, office: Office, asked: set[str]) -> Element:
    person = office.clinic.patients[row.attendees[0].patient_id]
    columns = {"name": listed(person.first, person.last), "chart": person.id}
    return Element("patient", {"id": f"pat{person.id}", **_chosen(columns, asked)})


def limited(rows: list[Appointment], office: Office) -> list[Appointment]:
    if len(rows) > office.knobs.most_records:
        raise Faulted(troubles.TOO_MANY)
    return rows


def read_day(message: Message, name: str) -> date:
    try:
        return wording.read_day(message.get(name))
    except ValueError:
        raise Faulted(troubles.WRONG, name) from None


def read_since(message: Message, office: Office) -> datetime:
    try:
        return wording.read_moment(message.get("datechanged"), ZoneInfo(office.knobs.server_zone))
    except ValueError:
        raise Faulted(troubles.WRONG, "datechanged") from None


def servertime(office: Office) -> str:
    return wording.moment(office.clock.now(), ZoneInfo(office.knobs.server_zone))


def updated(message: Message, office: Office) -> Element:
    """What was touched since, as N, C or D; it says at what time of day a visit is, but not when.

    The second asked for is in it, so that what happened later in it is not lost.
    """
    if not office.may_read_updates:
        raise Refused(HTTPStatus.FORBIDDEN, "The user lacks the privilege")
    since, clinic = read_since(message, office), office.clinic
    here = [row for row in office.rows() if clinic.updated_at(row.id) >= since]
    gone = [row for row in clinic.deleted.values() if clinic.updated_at(row.id) >= since]
    results = Element("Results", servertime=servertime(office))
    visits = SubElement(results, "visitlist")
    for row in limited([*here, *gone], office):
        is_new = clinic.created_at(row.id) >= since
        status = "D" if row.id in clinic.deleted else "N" if is_new else "C"
        visits.append(_changed(row, office, status))
    results.set("visitcount", str(len(visits)))
    return results


def _changed(row: Appointment, office: Office, status: str) -> Element:
    column = office.column_of(row)
    zone = ZoneInfo(office.knobs.server_zone)
    columns = {
        "id": office.visit_id(row),
        **_starttime(row, office),
        "duration": str(row.minutes),
        "apptstatus": str(office.code_of(row)),
        "columnheading": str(held(column.name)),
        "providerid": f"prof{row.practitioner_id}",
        "profileid": f"prof{row.practitioner_id}",
        "facilityid": f"fac{column.facility_id}",
        "lastupdated": wording.moment(office.clinic.updated_at(row.id), zone),
        "updatestatus": status,
    }
    visit = Element("visit", columns)
    if row.attendees:
        visit.append(_patient(row, office, {"name", "chart"}))
    return visit


def reminders(message: Message, office: Office) -> Element:
    """A range of days; whoever sends `updconfirm` confirms what is found."""
    first, last = read_day(message, "startdate"), read_day(message, "enddate")
    statuses = {each.strip() for each in message.get("apptstatus").split(",")}
    patient = message.maybe("patientid").lower().removeprefix("pat")
    found = [
        row
        for row in office.rows()
        if first <= office.clinic.day_of(row) <= last
        and str(office.code_of(row)) in statuses
        and _is_between(row, message, office)
        and (not patient or patient in {each.patient_id for each in row.attendees})
    ]
    results = Element("Results")
    list_ = SubElement(results, LISTS[office.knobs.reminder_rows])
    list_.extend(_reminder(row, office) for row in limited(found, office))
    if message.maybe("updconfirm") == "1":
        office.confirm(found)
    return results


def _is_between(row: Appointment, message: Message, office: Office) -> bool:
    try:
        opens = wording.read_clock(message.maybe("starttime", "12:00 AM"))
        closes = wording.read_clock(message.maybe("endtime", "11:59 PM"))
    except ValueError:
        raise Faulted(troubles.WRONG, "starttime or endtime") from None
    return opens <= row.start.astimezone(office.clinic.zone).time() <= closes


def _reminder(row: Appointment, office: Office) -> Element:
    local = row.start.astimezone(office.clinic.zone)
    told: Element = Element(
        office.knobs.reminder_rows,
        id=office.visit_id(row),
        date=wording.day(local),
        starttime=wording.clock(local),
        endtime=wording.clock(local + timedelta(minutes=row.minutes)),
        duration=str(row.minutes),
        apptstatus=str(office.code_of(row)),
        columnid=f"col{office.column_of(row).id}",
        profileid=f"prof{row.practitioner_id}",
    )
    if row.attendees:
        person = office.clinic.patients[row.attendees[0].patient_id]
        told.set("patientid", f"pat{person.id}")
        told.set("patientname", listed(person.first, person.last))
    return told
