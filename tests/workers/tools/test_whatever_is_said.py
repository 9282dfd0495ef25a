"""Whatever a model passes as arguments, a tool answers one truthful line and never fails."""

import re
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.desk import Outcome, OutcomeUnknown, Receipt, Verdict
from domain.errors import Refused
from domain.tools import Told, ToolAnswer
from domain.verification import ONLY_HUMAN
from domain.writes import WriteState
from tests.workers.tools.desk import ANN_CALLS, FAMILY_CALLS, MONDAY, Call, Practice, local
from workers.tools import tools

NAMES = (
    *("patientId", "patient", "query", "name", "firstName", "lastName", "dateOfBirth", "dob"),
    *("date", "time", "startTime", "newDate", "newTime", "provider", "type", "duration"),
    *("appointmentId", "phone", "email", "amount", "method", "last4", "content", "reason"),
)
TELLING = (
    *("PAT-1001", "PAT-1002", "Ann Ames", "Ames", "Eve Dunn", "Crane", "1985-03-02"),
    *("2026-11-23", "Monday", "9:00", "9 am", "2026-11-23T09:00:00Z", "tomorrow", "2026-11-23T10"),
    *("PROV-7", "Dr. Lee", "cleaning", "APPT-1", "+12025550143", "a@b.example", "12.50", "cash"),
    *("\n", "\x00", "9999-99-99", "29 February", "0001-01-01T00:00:00+14:00", "99:99", "½", "٣"),
)
# A few of every kind, without the table of all characters, which takes seconds to be made.
WORDS = st.text("aZ09 :-/.+@'\"{}%\n\x00é٣\u200b\U0001f600", max_size=20)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(
    st.sampled_from(NAMES) | WORDS,
    st.sampled_from(TELLING) | ANYTHING | st.dictionaries(st.sampled_from(NAMES), ANYTHING),
    max_size=6,
)
TOOLS = st.sampled_from(sorted(tools()))
CALLERS = st.sampled_from([None, ANN_CALLS, FAMILY_CALLS, "+12025559999", "anonymous"])
OUTCOMES = st.sampled_from(
    [
        Receipt(is_final=True),
        Receipt(number="7"),
        Refused("no"),
        OutcomeUnknown("lost"),
        RuntimeError("a bug"),
    ]
)
AN_ID = re.compile(r"PAT-|PROV-|OP-|APPT-|TY-|DONE-|tool-|[0-9a-f]{8}-[0-9a-f]{4}")
DONE = re.compile(r"\bbooked|confirmed\b", re.IGNORECASE)


def judged(call: Call, said: ToolAnswer) -> None:
    """What holds for every answer."""
    text = said.text
    assert text.strip() and "\n" not in text and len(text) <= 1000
    assert not AN_ID.search(text)
    if DONE.search(text):
        assert said.told is Told.CONFIRMED
        assert call.practice.writes.kept[said.write_id or call.practice.id].state is (
            WriteState.CONFIRMED
        )
    if said.patient_id is not None:
        assert said.patient_id in call.proofs.patient_ids


@given(tool=TOOLS, arguments=ARGUMENTS, caller=CALLERS, takes=OUTCOMES)
def test_no_arguments_break_a_tool(
    tool: str, arguments: dict[str, Any], caller: str | None, takes: Receipt | Exception
) -> None:
    practice = Practice()
    practice.desk.takes = takes
    practice.desk.add("PAT-1001", local(MONDAY, 11))
    call = practice.call(caller)

    said = call.answer(tool, arguments)

    assert not said.is_error
    judged(call, said)


@settings(max_examples=50)
@given(
    asked=st.lists(st.tuples(TOOLS, ARGUMENTS), min_size=2, max_size=6),
    caller=CALLERS,
    takes=OUTCOMES,
    verdicts=st.lists(st.sampled_from(Verdict), max_size=4),
)
def test_no_conversation_books_twice_or_tells_what_is_not_so(
    asked: list[tuple[str, dict[str, Any]]],
    caller: str | None,
    takes: Receipt | Exception,
    verdicts: list[Verdict],
) -> None:
    practice = Practice()
    practice.desk.takes = takes
    practice.desk.outcomes = [Outcome(verdict=one) for one in verdicts]
    call = practice.call(caller)

    for tool, arguments in asked:
        judged(call, call.answer(tool, arguments))

    books = [one for one in practice.writes.kept.values() if one.write.kind.value == "book"]
    stands = [one for one in books if one.state not in {WriteState.FAILED, WriteState.WITHDRAWN}]
    assert len(stands) <= 1
    assert len(practice.desk.sent) == len({one.marker for one in practice.desk.sent})


@settings(max_examples=50)
@given(
    guesses=st.lists(
        st.fixed_dictionaries(
            {
                "patientId": st.sampled_from(["PAT-1001", "PAT-1002", "1001", "PAT-1005"]),
                "name": st.sampled_from(["Ann Ames", "Bob Baker", "Eve Dunn"]),
                "dob": st.dates(date(1900, 1, 1), date(2020, 1, 1)).map(str),
            }
        ),
        min_size=4,
        max_size=8,
    )
)
def test_guessing_does_not_get_further_than_three_attempts(guesses: list[dict[str, str]]) -> None:
    call = Practice().call("+12025559999")

    said = [call.ask("get-patient-info", **one) for one in guesses]

    if not call.proofs.patient_ids:
        assert set(said[3:]) == {ONLY_HUMAN}
