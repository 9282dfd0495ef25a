"""Messages about patients: looked up by name, read whole, and those changed of late."""

from xml.etree.ElementTree import Element, SubElement
from zoneinfo import ZoneInfo

from simulators.advancedmd import troubles, wording
from simulators.advancedmd.messages import Message
from simulators.advancedmd.names import listed
from simulators.advancedmd.offices import Office
from simulators.advancedmd.troubles import Faulted
from simulators.advancedmd.visits import read_since, servertime
from simulators.records import Patient

SEXES = {"female": "F", "male": "M"}


def looked_up(message: Message, office: Office) -> Element:
    """By the beginning of `Last,First`, a page at a time."""
    begins = message.get("name").upper()
    found = [each for each in office.clinic.patients.values() if _is_called(each, begins)]
    if len(found) > office.knobs.most_records:
        raise Faulted(troubles.TOO_MANY)
    rows = office.knobs.page_rows
    page, pages = _page(message), max(1, -(-len(found) // rows))
    results = Element("Results")
    told = SubElement(
        results, "patientlist", itemcount=str(len(found)), page=str(page), pagecount=str(pages)
    )
    told.extend(_patient(each, office) for each in found[(page - 1) * rows : page * rows])
    return results


def _is_called(person: Patient, begins: str) -> bool:
    last, _, first = begins.partition(",")
    held_last, _, held_first = listed(person.first, person.last).partition(",")
    return held_last.startswith(last.strip()) and held_first.startswith(first.strip())


def _page(message: Message) -> int:
    page = message.maybe("page", "1")
    if not page.isdecimal() or int(page) < 1:
        raise Faulted(troubles.WRONG, "page")
    return int(page)


def demographic(message: Message, office: Office) -> Element:
    id_ = message.get("patientid").lower().removeprefix("pat")
    if id_ not in office.clinic.patients:
        raise Faulted(troubles.WRONG, "patientid")
    results = Element("Results")
    SubElement(results, "patientlist").append(_patient(office.clinic.patients[id_], office))
    return results


def updated(message: Message, office: Office) -> Element:
    since, clinic = read_since(message, office), office.clinic
    found = [each for each in clinic.patients.values() if clinic.updated_at(each.id) >= since]
    if len(found) > office.knobs.most_records:
        raise Faulted(troubles.TOO_MANY)
    results = Element("Results", servertime=servertime(office), patientcount=str(len(found)))
    told = SubElement(results, "patientlist")
    for person in found:
        patient = _patient(person, office)
        patient.set("updatestatus", "N" if clinic.created_at(person.id) >= since else "C")
        zone = ZoneInfo(office.knobs.server_zone)
        patient.set("lastupdated", wording.moment(clinic.updated_at(person.id), zone))
        told.append(patient)
    return results


def _patient(person: Patient, office: Office) -> Element:
    told = Element(
        "patient",
        id=f"pat{person.id}",
        name=listed(person.first, person.last),
        chart=person.id,
        sex=SEXES.get(person.gender or "", "U"),
    )
    if not office.knobs.contacts:
        return told
    told.set("dob", f"{person.born_on:%m/%d/%Y}" if person.born_on else "")
    home, other = (*person.phones, "", "")[:2]
    SubElement(told, "contactinfo", homephone=home, otherphone=other, email=person.email or "")
    return told
