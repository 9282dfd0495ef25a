"""`docs/adding-a-desk.md` followed to the letter; and faults in its desk, each of them found."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.contract.following import ROOT, commands, copied, edits, files, page, run, write

pytestmark = pytest.mark.integration

PAGE = page("adding-a-desk.md")
FAULTS: Mapping[str, tuple[str, str, str]] = {
    "nothing is taken": (
        "knows_what_is_taken_by_whom_and_no_more",
        "return self._book.busy(window)",
        "return []",
    ),
    "what lasts into a time is overlooked": (
        "sees_what_began_before_the_time_and_lasts_into_it",
        "return self._book.busy(window)",
        "return [one for one in self._book.busy(window) if one.window.start in window]",
    ),
    "a book that fails is empty": (
        "says_no_more_than_that_nothing_is_known_while_it_fails",
        "return self._book.busy(window)",
        """try:
            return self._book.busy(window)
        except Exception:
            return []""",
    ),
    "what was cancelled is not shown": (
        "shows_the_book_as_it_stands_with_what_was_cancelled",
        "return [one for one in found if patient_id in (None, one.patient_id)]",
        "return [one for one in found if one.status is not Status.CANCELLED]",
    ),
    "nobody works": (
        "offers_times_at_which_somebody_works_and_is_free",
        'return [_shift(one) for one in Record(self._get("/hours", asked)).records("hours")]',
        "return []",
    ),
    "who has another birth date is found": (
        "finds_nobody_who_does_not_agree_in_all_that_was_said",
        """            (born, card.patient.date_of_birth),
""",
        "",
    ),
    "nobody's number can be dialled": (
        "finds_a_patient_by_number_by_name_and_birth_date_and_by_id",
        "phones=(dialled,) if dialled else ()",
        "phones=()",
    ),
    "an unknown patient is an error": (
        "finds_nobody_who_does_not_agree_in_all_that_was_said",
        """        except Gone:
            return None
""",
        """        except Gone:
            raise
""",
    ),
    "a lost answer says that nothing was done": (
        "is_in_doubt_where_an_answer_says_nothing_of_what_was_done",
        "json=body, writes=True)",
        "json=body)",
    ),
    "what is in doubt is sent again": (
        "tells_a_booking_whose_answer_was_lost_from_the_book",
        """            made = Record(self._caller.signed(ask).body).id()
""",
        """            try:
                answer = self._caller.signed(ask)
            except OutcomeUnknown:
                answer = self._caller.signed(ask)
            made = Record(answer.body).id()
""",
    ),
    "a refusal says what was to be written": (
        "says_that_it_was_refused_and_nothing_of_the_patient",
        """        except Gone:
            raise Refused(""",
        """        except Refused:
            raise Refused(f"not taken: {body}") from None
        except Gone:
            raise Refused(""",
    ),
    "nobody learns which visit was made": (
        "books_what_was_asked_for_once_and_says_which_it_is",
        "return Receipt(is_final=True, pms_id=made)",
        "return Receipt(is_final=True)",
    ),
    "a booking is an hour off": (
        "books_what_was_asked_for_once_and_says_which_it_is",
        """"startsAt": wish.start.isoformat(),
        "minutes": wish.minutes,
        "staffId": wish.practitioner_id,
        "personId\"""",
        """"startsAt": (wish.start + 60 * _MINUTE).isoformat(),
        "minutes": wish.minutes,
        "staffId": wish.practitioner_id,
        "personId\"""",
    ),
    "a moved visit has another length": (
        "moves_a_visit_and_nothing_else",
        """"minutes": wish.minutes,
        "staffId": wish.practitioner_id,
    }""",
        """"minutes": 5,
        "staffId": wish.practitioner_id,
    }""",
    ),
    "a cancellation is said and not sent": (
        "cancels_a_visit_and_nothing_else",
        'return self._sent("PATCH", "/visits/{id}", off, id=wish.appointment_id)',
        "return Receipt(is_final=True, pms_id=off and wish.appointment_id)",
    ),
    "somebody else's booking is ours": (
        "does_not_take_another_booking_at_that_time_for_ours",
        "stands = (found.start, found.patient_id, found.practitioner_id)",
        "stands = (found.start, wish.patient_id, found.practitioner_id)",
    ),
    "the patient's own booking with somebody else is ours": (
        "does_not_take_another_booking_at_that_time_for_ours",
        "stands = (found.start, found.patient_id, found.practitioner_id)",
        "stands = (found.start, found.patient_id, wish.practitioner_id)",
    ),
    "a move leaves whose it is": (
        "moves_a_visit_to_somebody_else",
        """    return {
        "startsAt": wish.start.isoformat(),
        "minutes": wish.minutes,
        "staffId": wish.practitioner_id,
    }""",
        """    return {
        "startsAt": wish.start.isoformat(),
        "minutes": wish.minutes,
    }""",
    ),
    "every practice has the same book": (
        "names_its_book_the_same_whoever_opens_it",
        'return f"examplepms/{self._connection.site}".upper()',
        'return "EXAMPLEPMS"',
    ),
    "a failure says that there is no such patient": (
        "says_no_more_than_that_nothing_is_known_while_it_fails",
        """        except Gone:
            return None
""",
        """        except Exception:
            return None
""",
    ),
    "whatever cannot be found was done": (
        "does_not_take_a_booking_that_never_came_for_done",
        "verdict=Verdict.FAILED, reason",
        "verdict=Verdict.DONE, reason",
    ),
    "whatever was lost was not done": (
        "tells_a_booking_whose_answer_was_lost_from_the_book",
        """found = self._done(write)
        if""",
        """found = None
        if""",
    ),
    "a visit that stands is cancelled": (
        "does_not_take_a_cancellation_that_never_came_for_done",
        """        return found.status is Status.CANCELLED
""",
        """        return True
""",
    ),
    "a write is paid for and nobody is told": (
        "hands_out_what_a_write_was_paid_with",
        "return [*self._book.drain_spent(), *self._caller.drain_spent()]",
        "return self._book.drain_spent()",
    ),
    "a new patient has no number": (
        "makes_a_patient_once_who_is_found_from_then_on",
        '"mobile": wish.phone',
        '"mobile": None',
    ),
}
"""Which check finds it, what stands in the desk, and what does in place of it."""


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with what both pages say."""
    tree = copied(tmp_path_factory.mktemp("repository"))
    write(tree, page("adding-a-pms.md"))
    write(tree, PAGE)
    return tree


def test_the_page_costs_a_desk_a_fixture_its_writes_and_a_few_lines() -> None:
    changed = {path for path, _, _ in edits(PAGE)}

    assert files(PAGE).keys() == {
        "adapters/examplepms/desk.py",
        "simulators/examplepms/desk.py",
        "tests/fixtures/desks/examplepms.json",
    }
    assert changed == {"adapters/pms/examplepms.py", "simulators/examplepms/__main__.py"}
    assert not [path for path in files(PAGE) if (ROOT / path).exists()]


def test_what_the_page_shows_is_as_clean_as_everything_else(followed: Path) -> None:
    ours = [path for path in files(PAGE) if path.endswith(".py")]
    ours += sorted({path for path, _, _ in edits(PAGE)})

    assert run("-m", "ruff", "check", *ours, tree=followed).stdout == "All checks passed!\n"
    formatted = run("-m", "ruff", "format", "--check", *ours, tree=followed)
    assert formatted.returncode == 0, formatted.stdout


def test_every_check_of_a_desk_holds_for_it_and_those_of_every_pms_still_do(followed: Path) -> None:
    (checks,) = [command for command in commands(PAGE) if command[0] == "python"]
    reads = [f"tests/contract/test_every_pms{of}.py" for of in ("", "_asks", "_tells")]

    outcome = run(
        *checks[1:], *reads, "-k", "examplepms", "-q", "-p", "no:cacheprovider", tree=followed
    )

    assert outcome.returncode == 0, outcome.stdout[-3000:]
    assert "test_the_desk" in run(*checks[1:], "--collect-only", tree=followed).stdout


def test_whatever_is_wrong_in_it_fails_the_check_of_it(followed: Path) -> None:
    outcome = run("-m", "tests.contract.planting", "examplepms", json.dumps(FAULTS), tree=followed)

    assert outcome.returncode == 0, outcome.stderr[-3000:]
    caught = json.loads(outcome.stdout.splitlines()[-1])
    assert caught == dict.fromkeys(FAULTS, True)
