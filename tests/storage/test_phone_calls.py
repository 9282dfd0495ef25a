"""What a call has proved is its own and sealed, guesses are counted, our own lines are known."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from adapters.storage.people.accounts import Account, add
from adapters.storage.phone import opt_outs
from adapters.storage.phone.phone_calls import StoredProofs
from adapters.storage.practices import connection_list
from domain.appointments import Patient
from domain.desk import PatientCard
from infra.clock import system_clock
from infra.database import dispatch, transaction
from infra.sealing import Keyring, Sealer
from tests.storage.rig import ACCOUNT, Rig

pytestmark = pytest.mark.integration

NOBODY: frozenset[str] = frozenset()
LINE = "+12025550100"
LISTED = text(
    "UPDATE pms_connections SET settings = jsonb_build_object('phone_numbers', CAST(:line AS text))"
)
SEALER = Sealer(Keyring.from_hex("9f" * 32))


@pytest.fixture
def connection(rig: Rig) -> UUID:
    return rig.connect("D1")


def proofs(
    rig: Rig, connection: UUID, call_id: str = "c1", *, ahead: timedelta = timedelta()
) -> StoredProofs:
    return StoredProofs(
        rig.engine,
        SEALER,
        account_id=ACCOUNT,
        connection_id=connection,
        call_id=call_id,
        clock=lambda: system_clock() + ahead,
    )


def person(pms_id: str, first: str, last: str, born: str) -> PatientCard:
    return PatientCard(
        patient=Patient(
            pms_id=pms_id,
            full_name=f"{first} {last}",
            first_name=first,
            last_name=last,
            date_of_birth=born,
        )
    )


def test_a_proof_is_for_its_call_and_practice_alone(rig: Rig, connection: UUID) -> None:
    proofs(rig, connection).prove(frozenset({"p1"}))
    proofs(rig, connection).prove(frozenset({"p2"}))

    assert proofs(rig, connection).patient_ids == {"p1", "p2"}
    assert proofs(rig, connection, "c2").patient_ids == NOBODY
    assert proofs(rig, rig.connect("D2")).patient_ids == NOBODY


def test_whoever_is_registered_is_proved_and_known_by_name_in_that_call_alone(
    rig: Rig, connection: UUID
) -> None:
    fay, bob = person("p1", "Fay", "Fern", "1999-09-09"), person("p2", "Bob", "Baker", "1990-07-15")

    proofs(rig, connection).register(fay)
    proofs(rig, connection).register(bob)
    proofs(rig, connection).prove(frozenset({"p3"}))

    assert proofs(rig, connection).registered == {"p1": fay, "p2": bob}
    assert proofs(rig, connection).patient_ids == {"p1", "p2", "p3"}
    assert proofs(rig, connection, "c2").registered == {}
    assert proofs(rig, rig.connect("D2")).registered == {}


def test_a_number_was_looked_for_a_moment_ago_in_its_call_alone(rig: Rig, connection: UUID) -> None:
    proofs(rig, connection).prove(NOBODY, behind="+12025550143")

    same, later = proofs(rig, connection), proofs(rig, connection, ahead=timedelta(minutes=6))
    others = [later, proofs(rig, connection, "c2"), proofs(rig, rig.connect("D2"))]

    assert {one.patient_ids for one in (same, *others)} == {NOBODY}
    assert same.has_looked_behind("+12025550143")
    assert not same.has_looked_behind("+12025550178")
    assert not any(one.has_looked_behind("+12025550143") for one in others)


def test_attempts_count_and_being_believed_takes_one_back(rig: Rig, connection: UUID) -> None:
    call = proofs(rig, connection)

    assert [call.attempt(), call.attempt()] == [1, 2]
    call.believed(frozenset({"p1"}))

    assert call.attempt() == 2
    assert call.patient_ids == {"p1"}


def test_what_happens_at_once_is_lost_neither_way(rig: Rig, connection: UUID) -> None:
    def prove(number: int) -> int:
        call = proofs(rig, connection)
        call.prove(frozenset({f"p{number}"}))
        return call.attempt()

    with ThreadPoolExecutor(8) as threads:
        counted = list(threads.map(prove, range(8)))

    assert sorted(counted) == list(range(1, 9))
    assert len(proofs(rig, connection).patient_ids) == 8


def test_a_line_is_a_practices_own_for_its_account_until_that_practice_is_left(
    rig: Rig, connection: UUID
) -> None:
    def is_own(account: str) -> bool:
        with transaction(rig.engine, account_id=account) as db:
            return opt_outs.is_own(db, LINE, account_id=account)

    with dispatch(rig.engine) as db:
        add(db, Account(id="other", name="Other"))
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        db.execute(LISTED, {"line": LINE})
    assert (is_own(ACCOUNT), is_own("other")) == (True, False)

    with transaction(rig.engine, account_id=ACCOUNT) as db:
        connection_list.remove(db, connection)

    assert not is_own(ACCOUNT)
