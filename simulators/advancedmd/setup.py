"""Messages about what changes rarely: columns, people, places and sorts of appointment."""

from xml.etree.ElementTree import Element, SubElement

from simulators.advancedmd import shapes
from simulators.advancedmd.messages import Message
from simulators.advancedmd.names import held
from simulators.advancedmd.offices import FACILITIES, FIRST_FACILITY, Column, Office

SLOT_MINUTES = 5


def scheduler(message: Message, office: Office) -> Element:
    """Columns with those they belong to; ids wear what they are of."""
    results = Element("Results")
    columns = SubElement(results, "columnlist")
    columns.extend(_column(each, office) for each in office.columns.values())
    results.append(_profiles(office))
    results.append(_facilities(office))
    return results


def _column(column: Column, office: Office) -> Element:
    person = office.clinic.practitioners[column.profile_id]
    told = Element(
        "column",
        id=f"col{column.id}",
        name=str(held(column.name)),
        profile=f"prof{column.profile_id}",
        facility=f"fac{column.facility_id}",
    )
    SubElement(
        told,
        "columnsetting",
        start=f"{person.opens:02}:00",
        end=f"{person.closes:02}:00",
        interval=str(SLOT_MINUTES),
        maxapptsperslot=str(office.knobs.per_slot),
    )
    return told


def _profiles(office: Office, prefix: str = "") -> Element:
    found = Element("profilelist")
    for person in office.clinic.practitioners.values():
        name = shapes.provider(person)
        if name.startswith(prefix):
            code = f"{person.last[:2]}{person.first[:1]}".upper()
            SubElement(found, "profile", id=f"prof{person.id}", code=code, name=name)
    return found


def _facilities(office: Office, prefix: str = "") -> Element:
    found = Element("facilitylist")
    for number, name in enumerate(FACILITIES, start=FIRST_FACILITY):
        if name.upper().startswith(prefix):
            SubElement(found, "facility", id=f"fac{number}", name=name.upper())
    return found


def profiles(message: Message, office: Office) -> Element:
    return _looked_up(_profiles(office, message.maybe("name").upper()))


def facilities(message: Message, office: Office) -> Element:
    return _looked_up(_facilities(office, message.maybe("name").upper()))


def _looked_up(found: Element) -> Element:
    results = Element("Results")
    results.append(found)
    return results


def types(message: Message, office: Office) -> Element:
    results = Element("Results")
    listed = SubElement(results, "appttypelist")
    for kind in office.clinic.types.values():
        told = SubElement(listed, "appttype", id=f"ap_type{kind.id}", name=kind.name, hide="0")
        SubElement(told, "settings", duration=str(kind.minutes or ""), color="#5b8def")
    return results
