from typing import Any
from xml.etree.ElementTree import Element

import pytest

from simulators.advancedmd import Knobs
from tests.simulators.advancedmd_desk import DAYS, Desk, fault, opened, parsed, setup, template

VISIT = template("visit", "columnheading", "duration", "color", "apptstatus")
PATIENT = template("patient", "name", "chart")
CARRIER = template("insurance", "carname", "carcode")
TOO_MANY = "-2147217350"
EVER = "1/1/2026 12:00:00 AM"


def visits(desk: Desk, *asked: Element, day: str = "6/2/2026") -> list[Element]:
    return list(desk.asked("getdatevisits", *asked, visitdate=day).iter("visit"))


def updated(desk: Desk, since: str) -> dict[str, Element]:
    found = desk.asked("getupdatedvisits", datechanged=since)
    return {str(each.get("id")): each for each in found.iter("visit")}


def test_xml_is_in_latin_1(read: Desk) -> None:
    reply = read.ask("lookuppatient", name="M\u00dcLLERWALD")

    assert reply.headers["content-type"] == "text/xml; charset=ISO-8859-1"
    assert "M\u00dcLLERWALD".encode("latin-1") in reply.content
    assert parsed(reply).find("Results/patientlist/patient") is not None


@pytest.mark.parametrize("action", ["getschedulersetup", "getappttypes"])
def test_json_is_the_twin_of_xml(read: Desk, action: str) -> None:
    fields = {"@action": action, "@class": "masterfiles"}
    told = read.post_json(read.door, **fields).json()["PPMDResults"]

    assert told["Error"] is None
    assert told["Results"] == twin(read.asked(action))


def twin(element: Element) -> Any:
    told: dict[str, Any] = {f"@{name}": value for name, value in element.attrib.items()}
    for child in element:
        found = [twin(each) for each in element if each.tag == child.tag]
        told[child.tag] = found if len(found) > 1 else found[0]
    return told or None


def test_one_child_is_an_object_and_several_are_an_array(read: Desk) -> None:
    person = somebody(read)

    kinds = set()
    for begins in (f"{person['last']},{person['first']}", "A"):
        fields = {"@action": "lookuppatient", "@class": "lookup", "@name": begins}
        told = read.post_json(read.door, **fields).json()["PPMDResults"]["Results"]
        kinds.add(type(told["patientlist"]["patient"]))
    assert kinds == {dict, list}


@pytest.mark.parametrize(
    ("content", "type_", "status"),
    [
        (b"<ppmdmsg", "text/xml", 400),
        (b"<other/>", "text/xml", 400),
        (b"<!DOCTYPE x><ppmdmsg/>", "text/xml", 400),
        (b"<ppmdmsg/>", "application/json", 415),
        (b"[1]", "application/json", 400),
        (b"{", "application/json", 400),
    ],
)
def test_what_is_no_message_is_refused(read: Desk, content: bytes, type_: str, status: int) -> None:
    reply = read.http.post(read.door, content=content, headers={"Content-Type": type_})

    assert reply.status_code == status


def test_a_message_is_posted(read: Desk) -> None:
    assert read.http.get(read.door).status_code == 405


def test_an_unknown_action_or_a_wrong_class_is_a_fault_with_http_200(read: Desk) -> None:
    assert fault(read.ask("getnothing")) == (200, "2049", "-2147219455")
    message = read.message("getdatevisits", "masterfiles", visitdate="6/2/2026")
    assert fault(read.post(read.door, message, Cookie=f"token={read.token}"))[1] == "2049"


def test_ids_of_messages_wear_what_they_are_of(read: Desk) -> None:
    told = read.asked("getschedulersetup")

    columns = list(told.iter("column"))
    assert "-".join(str(each.get("id")).removeprefix("col") for each in columns) == read.columns
    people = {each.get("id") for each in told.iter("profile")}
    places = {each.get("id") for each in told.iter("facility")}
    for each in columns:
        assert each.get("profile") in people and each.get("facility") in places
    rows = {f"prof{row['profileid']}" for row in read.rows()}
    assert rows <= people


def test_people_and_places_are_looked_up_by_the_beginning_of_their_names(read: Desk) -> None:
    every = list(read.asked("lookupprofile").iter("profile"))
    name = str(every[0].get("name"))

    [found] = read.asked("lookupprofile", name=name[:5]).iter("profile")
    assert found.get("name") == name
    [place] = read.asked("lookupfacility", name="river").iter("facility")
    assert place.get("name") == "RIVERSIDE"


def test_types_tell_their_lengths(read: Desk) -> None:
    types = {each.get("name"): each for each in read.asked("getappttypes").iter("appttype")}

    usual, open_ = (types[name].find("settings") for name in ("Long consult", "Recall"))
    assert usual is not None and usual.get("duration") == "30"
    assert open_ is not None and open_.get("duration") == ""
    assert all(str(each.get("id")).startswith("ap_type") for each in types.values())


def test_the_visits_of_one_day_are_told_by_time_alone(read: Desk) -> None:
    found = visits(read, VISIT, PATIENT, CARRIER)

    truth = {row["visit_id"]: row for row in read.truth().values()}
    starts = [each.get("starttime") for each in found]
    assert None in starts and "8:00 AM" in starts
    known = [each for each in found if each.get("id") in truth]
    assert len(found) > len(known) > 40  # moved rows are here too
    assert "5" in {each.get("apptstatus") for each in found}
    for each in known:
        told = truth[str(each.get("id"))]
        assert each.get("apptstatus") == str(told["statuscode"])
        person = each.find("patient")
        assert (person is None) is (told["patients"] == [])
        if person is not None:
            assert person.get("id") == f"pat{told['patients'][0]['id']}"
            assert each.find("insurance") is not None


def test_only_the_columns_asked_for_are_told(read: Desk) -> None:
    found = visits(read, template("visit", "duration"))

    assert {name for each in found for name in each.attrib} == {"id", "starttime", "duration"}
    assert not any(list(each) for each in found)


@pytest.mark.parametrize(
    ("tag", "column"),
    [
        ("visit", "providerid"),
        ("visit", "facility"),
        ("visit", "reason"),
        ("visit", "profile"),
        ("visit", "starttime"),
        ("patient", "dob"),
        ("charge", "amount"),
    ],
)
def test_a_column_that_cannot_be_had_is_a_bad_request(read: Desk, tag: str, column: str) -> None:
    reply = read.ask("getdatevisits", template(tag, column), visitdate="6/2/2026")

    assert reply.status_code == 400 and "Invalid column name" in reply.text


@pytest.mark.parametrize(("day", "number"), [("", "2048"), ("2026-06-02", "2049")])
def test_a_day_is_needed_in_the_vendors_own_form(read: Desk, day: str, number: str) -> None:
    assert fault(read.ask("getdatevisits", visitdate=day))[:2] == (200, number)


def test_some_offices_see_no_visits(desk: Desk) -> None:
    desk.control("POST", f"tenants/{desk.tenant}", sees_visits=False)

    assert desk.asked("getdatevisits", visitdate="6/2/2026").get("visitcount") == "0"


def test_visit_ids_are_not_those_of_appointments_unless_they_are(read: Desk) -> None:
    assert not {each.get("id") for each in visits(read)} & set(read.truth())

    with opened(knobs=Knobs(visit_ids="same")) as desk:
        truth = {id_ for id_, row in desk.truth().items() if row["start_utc"] < "2026-06-03T04"}
        assert truth <= {each.get("id") for each in visits(desk)}


def test_too_many_records_are_a_fault(desk: Desk) -> None:
    desk.knob(most_records=50)

    for action, told in {
        "getdatevisits": {"visitdate": "6/2/2026"},
        "getupdatedvisits": {"datechanged": EVER},
        "getupdatedpatients": {"datechanged": EVER},
        "lookuppatient": {"name": ","},
        "getreminderappts": {
            "startdate": "6/2/2026",
            "enddate": "6/3/2026",
            "apptstatus": "0,1,2,3,10",
        },
    }.items():
        assert fault(desk.ask(action, **told)) == (200, TOO_MANY, TOO_MANY)


def test_the_feed_tells_what_was_touched_since_the_servers_own_time(desk: Desk) -> None:
    since = str(desk.asked("getupdatedvisits", datechanged=EVER).get("servertime"))
    assert since == "6/2/2026 8:00:00 AM"
    assert updated(desk, since) == {}
    one, other = (str(row["id"]) for row in desk.rows()[:2])
    names = {row["id"]: row["visit_id"] for row in desk.truth().values()}

    desk.wait(60)
    desk.control("POST", f"statuscodes/{one}", statuscode=3)
    desk.control("POST", f"appointments/{other}", action="delete")
    added = desk.control("POST", "appointments", start_utc="2026-06-02T20:00:00Z")
    found = updated(desk, since)
    letters = {id_: each.get("updatestatus") for id_, each in found.items()}
    assert letters == {names[one]: "C", names[other]: "D", added["visit_id"]: "N"}
    assert found[names[one]].get("lastupdated") == "6/2/2026 8:01:00 AM"
    assert not {"visitdate", "date"} & set(found[names[one]].attrib)


def test_the_feed_needs_a_privilege(desk: Desk) -> None:
    desk.control("POST", f"tenants/{desk.tenant}", may_read_updates=False)

    assert desk.ask("getupdatedvisits", datechanged=EVER).status_code == 403


def test_the_feed_needs_a_moment(read: Desk) -> None:
    assert fault(read.ask("getupdatedvisits", since=EVER))[1] == "2048"
    assert fault(read.ask("getupdatedvisits", datechanged="6/2/2026"))[1] == "2049"


def reminded(desk: Desk, **told: str) -> list[Element]:
    usual = {"startdate": "6/2/2026", "enddate": "6/3/2026", "apptstatus": "0"}
    return list(desk.asked("getreminderappts", **{**usual, **told}).iter("reminder"))


def test_reminders_cover_a_range_of_days_and_hours(read: Desk) -> None:
    every = reminded(read)

    assert {each.get("date") for each in every} == {"6/2/2026", "6/3/2026"}
    assert len(reminded(read, apptstatus="0, 1")) > len(every)
    early = reminded(read, endtime="9:00 AM")
    assert 0 < len(early) < len(every)
    patient = next(str(each.get("patientid")) for each in every if each.get("patientid"))
    mine = reminded(read, patientid=patient)
    assert {each.get("patientid") for each in mine} == {patient}
    fields = {"startdate": "6/2/2026", "enddate": "6/3/2026"}
    assert fault(read.ask("getreminderappts", **fields))[1] == "2048"
    assert fault(read.ask("getreminderappts", **fields, apptstatus="0", endtime="9"))[1] == "2049"


def test_reminders_may_be_called_appointments() -> None:
    with opened(knobs=Knobs(reminder_rows="appt")) as desk:
        told = desk.asked(
            "getreminderappts", startdate="6/2/2026", enddate="6/2/2026", apptstatus="0"
        )

        assert told.findall("apptlist/appt") and not told.findall("reminderlist")


def test_reading_reminders_can_confirm_them_by_mistake(desk: Desk) -> None:
    before = {id_ for id_, row in desk.truth().items() if row["meaning"] == "booked"}

    reminded(desk)
    assert {id_ for id_, row in desk.truth().items() if row["meaning"] == "booked"} == before
    reminded(desk, updconfirm="1")
    still = [row for row in desk.truth().values() if row["meaning"] == "booked"]
    assert all(row["patients"] == [] for row in still)


def test_patients_are_looked_up_by_the_beginning_of_their_names(read: Desk) -> None:
    person = somebody(read)
    name = f"{person['last']},{person['first'][:2]}".lower()

    found = read.asked("lookuppatient", name=name).iter("patient")
    names = {each.get("id"): each.get("name") for each in found}
    assert names[f"pat{person['id']}"] == f"{person['last']},{person['first']}"


def somebody(desk: Desk) -> dict[str, Any]:
    """Of two names."""
    people = [each for row in desk.truth().values() for each in row["patients"]]
    return next(each for each in people if each["first"])


def test_a_lookup_is_paged(desk: Desk) -> None:
    desk.knob(page_rows=50)

    pages = [desk.asked("lookuppatient", name=",", page=str(page)) for page in (1, 2, 3)]
    ids = [each.get("id") for page in pages for each in page.iter("patient")]
    assert len(ids) == len(set(ids)) == 120
    told = pages[2].find("patientlist")
    assert told is not None
    assert (told.get("page"), told.get("pagecount"), told.get("itemcount")) == ("3", "3", "120")
    assert fault(desk.ask("lookuppatient", name=",", page="0"))[1] == "2049"


def test_a_patient_is_read_by_id(read: Desk) -> None:
    told = next(row["patients"][0] for row in read.truth().values() if row["patients"])

    for id_ in (told["id"], f"pat{told['id']}"):
        [person] = read.asked("getdemographic", patientid=id_).iter("patient")
        contact = person.find("contactinfo")
        assert contact is not None
        assert (contact.get("homephone") or None, contact.get("email") or None) == (
            told["phone"],
            told["email"],
        )
    assert fault(read.ask("getdemographic", patientid="pat1"))[1] == "2049"


def test_contact_details_may_be_kept_from_both_reader_and_truth() -> None:
    with opened(knobs=Knobs(contacts=False)) as desk:
        [person, *_] = desk.asked("lookuppatient", name=",").iter("patient")
        assert list(person) == [] and "dob" not in person.attrib
        people = [each for row in desk.truth().values() for each in row["patients"]]

        assert {each["phone"] for each in people} == {None}
        assert {each["date_of_birth"] for each in people} == {None}


def test_patients_touched_since_are_told(desk: Desk) -> None:
    since = str(desk.asked("getupdatedpatients", datechanged=EVER).get("servertime"))
    row = next(row for row in desk.truth().values() if row["patients"])

    desk.wait(60)
    desk.control("POST", f"appointments/{row['id']}", action="phone", phone="212-555-0199")
    [person] = desk.asked("getupdatedpatients", datechanged=since).iter("patient")
    assert person.get("id") == f"pat{row['patients'][0]['id']}"
    assert person.get("updatestatus") == "C"
    contact = person.find("contactinfo")
    assert contact is not None and contact.get("homephone") == "212-555-0199"


def test_a_visit_that_is_added_bills_somebody_and_books_nothing(desk: Desk) -> None:
    before = desk.control("GET", "truth")

    desk.post(desk.door, desk.message("addvisit", "chargeentry"), Cookie=f"token={desk.token}")
    assert desk.control("GET", "truth") == before
    [charge] = desk.control("GET", "charges")["charges"]
    assert charge == {"at": "2026-06-02T14:00:00Z", "action": "addvisit"}


def test_every_day_asked_for_is_played() -> None:
    with opened(setup(appointments=5)) as desk:
        days = [f"{day.month}/{day.day}/{day.year}" for day in DAYS]

        assert [len(visits(desk, day=day)) for day in [*days, "6/4/2026"]] == [5, 5, 0]
