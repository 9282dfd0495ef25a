"""Connections in the database: what is kept, what a person decided, what the PMS may change."""

import threading
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

from adapters.storage.practices import (
    checks,
    clinicians,
    connection_list,
    connections,
    mapping,
    practice_book,
    reviving,
)
from adapters.storage.practices.connections import NewConnection
from domain.appointments import AppointmentType, Practice, Practitioner
from domain.checks import Seen
from domain.connections import State
from domain.errors import BadInput
from infra.database import engine, transaction

pytestmark = pytest.mark.integration

ANN = Practitioner(pms_id="p1", full_name="Dr Ann Example")
BEN = Practitioner(pms_id="p2", full_name="Dr Ben Example")
VIDEO = AppointmentType(pms_id="t1", name="Video", duration_minutes=20)
ROOM = AppointmentType(pms_id="t2", name="In the room", is_telehealth=False)


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    made = engine(database_url, application_name="tests")
    yield made
    made.dispose()


@pytest.fixture
def db(database: Engine) -> Iterator[Db]:
    with transaction(database, account_id="default") as connection:
        yield connection


def new(site: str = "tenant-1", **changes: object) -> NewConnection:
    values = {
        "account_id": "default",
        "vendor": "gentu",
        "site": site,
        "timezone": "Australia/Melbourne",
        "state": State.ACTIVE,
    }
    return NewConnection(**{**values, **changes})  # type: ignore[arg-type]


def added(db: Db, **changes: object) -> UUID:
    return connections.add(db, new(**changes))  # type: ignore[arg-type]


def test_a_connection_comes_back_as_it_was_added(db: Db) -> None:
    given = new(name="Northside", settings={"default_minutes": 20}, telehealth_only=False)

    held = connections.load(db, connections.add(db, given))

    assert held.id == given.id
    assert (held.vendor, held.site, held.name) == ("gentu", "tenant-1", "Northside")
    assert held.timezone == "Australia/Melbourne"
    assert held.default_minutes == 20
    assert not held.telehealth_only
    assert held.state is State.ACTIVE


def test_a_connection_without_a_name_is_called_by_its_site(db: Db) -> None:
    assert connections.load(db, added(db)).name == "tenant-1"


def test_the_same_practice_twice_is_refused_in_one_sentence(db: Db) -> None:
    added(db)

    with pytest.raises(BadInput, match="already has a gentu connection for site 'tenant-1'"):
        added(db)


def test_the_same_practice_in_other_letters_is_refused_too(db: Db) -> None:
    added(db)

    with pytest.raises(BadInput, match="already has a gentu connection for site 'tenant-1'"):
        added(db, site="Tenant-1")


def test_one_practice_of_an_office_is_connected_once_by_whichever_name(db: Db) -> None:
    first = added(db, vendor="sikka", site="D12345", settings={"practice_id": "1"})

    with pytest.raises(BadInput, match="already has a sikka connection for site 'D12345'"):
        added(db, vendor="sikka", site="d12345:1")
    assert added(db, vendor="sikka", site="D12345:2") != first


def test_an_office_that_names_no_practice_is_to_the_one_it_turns_out_to_be(db: Db) -> None:
    office = connections.load(db, added(db, vendor="sikka", site="D12345"))
    told = Practice(site="D12345", number="1")

    kept = checks.keep(db, office, Seen(practice=told), rename=False)

    assert kept.settings == {"practice_id": "1"}
    with pytest.raises(BadInput, match="already has a sikka connection for site 'D12345'"):
        added(db, vendor="sikka", site="D12345:1")


def test_an_office_begun_beside_its_practice_is_refused_once_that_is_known(db: Db) -> None:
    added(db, vendor="sikka", site="D12345:1", name="Main Street")
    begun = added(db, vendor="sikka", site="D12345", state=State.SETUP_REQUIRED)
    told = Practice(site="D12345", number="1")

    with pytest.raises(BadInput, match="connected already, as 'Main Street'"):
        checks.keep(db, connections.load(db, begun), Seen(practice=told), rename=False)


def test_an_office_is_not_named_into_a_practice_that_is_connected(db: Db) -> None:
    added(db, vendor="sikka", site="D12345:1", name="Main Street")
    begun = added(db, vendor="sikka", site="D12345", state=State.SETUP_REQUIRED)

    with pytest.raises(BadInput, match="connected already, as 'Main Street'"):
        connection_list.configure(db, begun, {"settings": {"practice_id": "1"}})


def test_a_practice_s_number_does_not_go_along_to_another_office(db: Db) -> None:
    begun = added(db, vendor="sikka", site="D1", settings={"practice_id": "1"})

    connection_list.configure(db, begun, {"site": "D2"})

    moved = connections.load(db, begun)
    assert (moved.site, moved.settings) == ("D2", {})


def test_two_practices_of_one_pms_may_share_an_account(db: Db) -> None:
    assert added(db, site="a") != added(db, site="b")


def test_an_unknown_zone_is_refused(db: Db) -> None:
    with pytest.raises(BadInput, match="Melbourn' is not a time zone"):
        added(db, timezone="Australia/Melbourn")


def test_an_unknown_connection_is_named(db: Db) -> None:
    with pytest.raises(BadInput, match="There is no connection"):
        connections.load(db, uuid4())


def test_another_account_does_not_see_the_connection(database: Engine) -> None:
    with transaction(database, account_id="default") as db:
        connection_id = added(db)

    with (
        transaction(database, account_id="someone-else") as db,
        pytest.raises(BadInput, match="There is no connection"),
    ):
        connections.load(db, connection_id)


def test_a_practitioner_is_known_at_once_and_mapped_only_by_a_person(db: Db) -> None:
    connection = connections.load(db, added(db))

    practice_book.save_practitioners(db, connection, [ANN, BEN, ANN])

    held = connections.load(db, connection.id)
    assert held.practitioners == {"p1": "Dr Ann Example", "p2": "Dr Ben Example"}
    assert held.clinicians == {}


def test_map_all_gives_every_practitioner_a_clinician_once(db: Db) -> None:
    connection = connections.load(db, added(db, settings={"map_all": True}))

    practice_book.save_practitioners(db, connection, [ANN])
    first = connections.load(db, connection.id).clinicians
    practice_book.save_practitioners(db, connection, [ANN, BEN])

    held = connections.load(db, connection.id)
    assert set(held.clinicians) == {"p1", "p2"}
    assert held.clinicians["p1"] == first["p1"]


def names(db: Db) -> list[str]:
    return list(db.execute(text("SELECT name FROM run_sheet_clinicians ORDER BY name")).scalars())


def test_map_all_takes_the_clinician_whose_name_is_spelt_alike(db: Db) -> None:
    column = clinicians.add_clinician(db, "default", "dr  ann EXAMPLE")
    connection = connections.load(db, added(db))

    practice_book.save_practitioners(db, connection, [ANN, BEN], map_all=True)

    held = connections.load(db, connection.id)
    assert held.clinicians["p1"] == column
    assert names(db) == ["Dr Ben Example", "dr  ann EXAMPLE"]


def test_map_all_tells_two_people_of_one_name_apart(db: Db) -> None:
    connection = connections.load(db, added(db))
    other = Practitioner(pms_id="p3", full_name="Dr  Ann Example")

    practice_book.save_practitioners(db, connection, [ANN, other], map_all=True)
    practice_book.save_practitioners(db, connection, [ANN, other], map_all=True)

    held = connections.load(db, connection.id)
    assert held.clinicians["p1"] != held.clinicians["p3"]
    assert len(names(db)) == 2
    assert len({" ".join(one.split()).casefold() for one in names(db)}) == 2


def test_a_rename_changes_the_name_at_the_pms_and_not_the_clinician(db: Db) -> None:
    connection = connections.load(db, added(db))
    practice_book.save_practitioners(db, connection, [ANN], map_all=True)

    renamed = Practitioner(pms_id="p1", full_name="Dr Ann Newname")
    practice_book.save_practitioners(db, connection, [renamed])

    held = connections.load(db, connection.id)
    clinicians = db.execute(text("SELECT name FROM run_sheet_clinicians")).scalars().all()
    assert held.practitioners == {"p1": "Dr Ann Newname"}
    assert clinicians == ["Dr Ann Example"]


def test_types_start_without_a_telehealth_mark_and_keep_the_one_a_person_made(db: Db) -> None:
    connection = connections.load(db, added(db))

    practice_book.save_types(db, connection, [VIDEO, ROOM])
    assert connections.load(db, connection.id).telehealth_types == frozenset()
    practice_book.mark_telehealth(db, connection, ["t1"])
    practice_book.save_types(db, connection, [VIDEO, ROOM])

    held = connections.load(db, connection.id)
    assert held.telehealth_types == {"t1"}
    assert held.types["t1"].duration_minutes == 20


def test_what_the_pms_says_of_a_type_does_not_overrule_a_person(db: Db) -> None:
    connection = connections.load(db, added(db))
    practice_book.save_types(db, connection, [ROOM])

    practice_book.mark_telehealth(db, connection, ["t2"])
    practice_book.save_types(db, connection, [ROOM])

    assert connections.load(db, connection.id).telehealth_types == {"t2"}


def test_a_type_marked_before_it_was_read_gets_its_name_later(db: Db) -> None:
    connection = connections.load(db, added(db))

    practice_book.mark_telehealth(db, connection, ["t1"])
    practice_book.save_types(db, connection, [VIDEO])

    held = connections.load(db, connection.id)
    assert held.telehealth_types == {"t1"}
    assert held.types["t1"].name == "Video"


def test_the_practice_brings_its_zone_and_fills_an_empty_site(db: Db) -> None:
    connection_id = added(db, site="", timezone="UTC")
    practice = Practice(site="tenant-9", name="Northside", timezone="Australia/Perth")

    connections.save_practice(db, connection_id, practice, rename=True)

    held = connections.load(db, connection_id)
    assert (held.site, held.name, held.timezone) == ("tenant-9", "Northside", "Australia/Perth")


def test_the_pms_behind_a_practice_is_kept_as_it_was_told_last(db: Db) -> None:
    connection_id = added(db)

    connections.save_practice(db, connection_id, Practice(site="tenant-1", pms_type="Dentrix"))
    connections.save_practice(db, connection_id, Practice(site="tenant-1"))

    assert connections.load(db, connection_id).pms_type == "Dentrix"


def test_a_name_a_person_gave_survives_the_practice(db: Db) -> None:
    connection_id = added(db, name="Ours")

    connections.save_practice(db, connection_id, Practice(site="other", name="Theirs"))

    held = connections.load(db, connection_id)
    assert (held.site, held.name, held.timezone) == ("tenant-1", "Ours", "Australia/Melbourne")


def columns(db: Db) -> list[str]:
    return list(db.execute(text("SELECT name FROM run_sheet_clinicians ORDER BY name")).scalars())


def test_a_name_that_is_taken_makes_no_second_column_however_it_is_written(db: Db) -> None:
    connection = connections.load(db, added(db))
    practice_book.save_practitioners(db, connection, [ANN, BEN])

    mapping.map_by_name(db, connection, "p1", clinician="Dr Ann Example")
    mapping.map_by_name(db, connection, "p2", clinician="dr ann  EXAMPLE")
    with pytest.raises(BadInput, match="already; match that one instead"):
        mapping.choose(
            db, connection, [mapping.Choice(pms_id="p2", action="create", name="DR ANN EXAMPLE")]
        )

    held = connections.load(db, connection.id).clinicians
    assert columns(db) == ["Dr Ann Example"]
    assert held["p1"] == held["p2"]


def test_two_who_name_a_column_alike_at_once_make_one(database: Engine) -> None:
    begun, told = threading.Event(), []

    def second() -> None:
        begun.wait(timeout=5)
        with transaction(database, account_id="default") as db:
            try:
                clinicians.add_clinician(db, "default", "dr ann example")
            except BadInput as taken:
                told.append(str(taken))

    other = threading.Thread(target=second)
    other.start()
    with transaction(database, account_id="default") as db:
        clinicians.add_clinician(db, "default", "Dr Ann Example")
        begun.set()
        other.join(timeout=0.3)
        waits = other.is_alive()
    other.join(timeout=5)

    assert waits
    assert told == ["There is a clinician called 'dr ann example' already; match that one instead."]
    with transaction(database, account_id="default") as db:
        assert columns(db) == ["Dr Ann Example"]


def test_a_lost_sign_in_plans_no_sync(db: Db) -> None:
    connection_id = added(db)

    connections.signed_out(db, connection_id, reason="Gentu no longer accepts our sign-in.")

    row = db.execute(text("SELECT state, next_sync_at FROM pms_connections")).one()
    assert tuple(row) == ("NEEDS_SIGN_IN", None)


def test_a_practice_connected_again_keeps_its_id_and_what_people_decided(database: Engine) -> None:
    with transaction(database, account_id="default") as db:
        connection = connections.load(db, added(db, settings={"map_all": True}))
        practice_book.save_practitioners(db, connection, [ANN, BEN])
        practice_book.save_types(db, connection, [VIDEO])
        practice_book.mark_telehealth(db, connection, ["t1"])
        before = connections.load(db, connection.id)
    with transaction(database, account_id="default") as db:
        connection_list.remove(db, connection.id)

    with transaction(database, account_id="default") as db:
        again = connections.load(db, added(db, secret_ref="new", name="Ours", settings={}))  # noqa: S106 - the name of one
        version = db.execute(text("SELECT version FROM pms_connections")).scalar_one()

    assert again.id == connection.id
    assert (again.name, again.secret_ref, again.state) == ("Ours", "new", State.ACTIVE)
    assert (again.clinicians, again.telehealth_types) == (
        before.clinicians,
        before.telehealth_types,
    )
    assert set(again.types) == {"t1"}
    assert version == 3


@pytest.mark.parametrize(
    ("vendor", "was", "now"),
    [
        ("gentu", "tenant-1", "Tenant-1"),
        ("gentu", "tenant-1", " tenant-1 "),
        ("gentu", "tenant-1 ", "tenant-1"),
        ("sikka", "D12345:1", "d12345:1"),
    ],
)
def test_a_practice_connected_again_keeps_its_id_however_its_site_is_written(
    database: Engine, vendor: str, was: str, now: str
) -> None:
    with transaction(database, account_id="default") as db:
        old = added(db, vendor=vendor, site="else")
        db.execute(text("UPDATE pms_connections SET site = :site"), {"site": was})
        connection_list.remove(db, old)

    with transaction(database, account_id="default") as db:
        again = connections.load(db, added(db, vendor=vendor, site=now))

    assert (again.id, again.site) == (old, now.strip())


def test_a_practice_named_otherwise_within_its_office_is_connected_again(db: Db) -> None:
    old = added(db, vendor="sikka", site="D12345", settings={"practice_id": "1"})
    connection_list.remove(db, old)

    assert added(db, vendor="sikka", site="D12345:2") != old
    assert added(db, vendor="sikka", site="D12345:1") == old


@pytest.mark.parametrize(
    ("asked", "left_out"),
    [({}, "phone,email"), ({"leave_out": "notes"}, "notes")],
    ids=["nothing said", "said anew"],
)
def test_a_practice_connected_again_leaves_out_what_it_did_unless_that_is_said_anew(
    database: Engine, asked: dict[str, str], left_out: str
) -> None:
    with transaction(database, account_id="default") as db:
        first = added(db, settings={"leave_out": "phone,email", "default_minutes": 20})
    with transaction(database, account_id="default") as db:
        connection_list.remove(db, first)

    with transaction(database, account_id="default") as db:
        again = connections.load(db, added(db, settings=asked))

    assert again.id == first
    assert again.settings == {"leave_out": left_out}


def test_who_had_left_the_book_before_a_removal_stays_out_of_it(database: Engine) -> None:
    gone = Practitioner(pms_id="p2", full_name="Dr Ben Example", in_book=False)
    with transaction(database, account_id="default") as db:
        connection = connections.load(db, added(db))
        practice_book.save_practitioners(db, connection, [ANN, gone])
    with transaction(database, account_id="default") as db:
        connection_list.remove(db, connection.id)

    with transaction(database, account_id="default") as db:
        again = connections.load(db, added(db))

    assert set(again.practitioners) == {"p1"}


def test_a_practice_that_is_connected_is_not_connected_by_its_removed_connection(
    database: Engine,
) -> None:
    with transaction(database, account_id="default") as db:
        connection_list.remove(db, added(db))
        added(db)

    with (
        transaction(database, account_id="default") as db,
        pytest.raises(BadInput, match="already has a gentu connection"),
    ):
        added(db)


def test_a_setup_whose_site_becomes_known_hands_over_to_the_removed_connection(
    database: Engine,
) -> None:
    with transaction(database, account_id="default") as db:
        old = added(db, secret_ref="left")  # noqa: S106 - the name of one
        connection_list.remove(db, old)
        begun = added(db, site="", state=State.SETUP_REQUIRED, secret_ref="new", setup_step="types")  # noqa: S106 - the name of one
        connections.save_practice(db, begun, Practice(site="tenant-1"))

        own = reviving.settled(db, begun)
        held = connections.load(db, own)
        left = db.execute(text("SELECT trial_ref FROM pms_connection_checks")).scalars().all()

    assert own == old != begun
    assert (held.secret_ref, held.state) == ("new", State.SETUP_REQUIRED)
    assert left == ["left"]
    with transaction(database, account_id="default") as db, pytest.raises(BadInput):
        connections.load(db, begun)


def test_a_setup_of_a_practice_never_connected_goes_on_as_itself(db: Db) -> None:
    begun = added(db, state=State.SETUP_REQUIRED)

    assert reviving.settled(db, begun) == begun
