"""Callers, staff, workers that die and a practice's system in trouble, drawn at random."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from typing import Any, ClassVar
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from adapters.phones import normalised
from tests.voice.judge import Heard, Judge, clock
from tests.voice.people import ANN, BOB, CLEO, EVE, FAY, NUMBERS, ON_RECORD, TWIN, Person
from tests.voice.stops import Life
from tests.voice.town import Exchange, Message, Practice, Town

MOST_ROUNDS = 150
LAPSED = """
    UPDATE jobs SET lease_until = now() - interval '1 s' WHERE state = 'running' RETURNING id
"""
HOURS = ("09:00", "09:15", "10:00", "11:30", "14:00")

PLACES = (
    *("before submit 1", "after submit 1", "before submit 1", "after submit 1"),
    *("after busy 1", "before busy 2", "after busy 2", "after outcome 1", "before appointments 1"),
    *(f"begin {number}" for number in (1, 2, 4, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17)),
)
FOLLOWING = (
    *("before outcome 1", "after outcome 1", "before find 1", "after find 1"),
    *(f"begin {number}" for number in range(1, 9)),
)
EVENTS = (
    *("dies", "dies", "dies for good", "is taken over", "the ingress speaks", "hangs up"),
    *(
        "staff takes the time",
        "staff changes it",
        "a rival asks",
        "a rival asks",
        "asks again",
        "calls again",
        "a while passes",
    ),
    *("the copy is renewed", "a sync runs"),
)
TOOLS = ("book", "cancel", "move", "info", "find", "free", "new")

NUMBER = st.sampled_from(NUMBERS)
WHICH = st.sampled_from([0, 0, 1])
WHO = st.one_of(st.none(), st.none(), st.sampled_from([*ON_RECORD[:4], EVE, FAY]))
HONEST = st.sampled_from([True, True, True, False])
WHEN = st.sampled_from(HOURS)
TOOL = st.sampled_from(TOOLS)
LINE = st.integers(0, 2)
MOST_OWN = 6
BEFALLS = st.one_of(st.none(), st.tuples(st.sampled_from(PLACES), st.sampled_from(EVENTS)))
GOES_ON: st.SearchStrategy[str | int] = st.sampled_from(
    ["sync", "sync", "follow", "follow", "follow", 5, 70, 130, 4000]
)
LOST_AND_FAILED = "lost and failed"
FATE = st.one_of(
    st.none(),
    st.tuples(
        st.sampled_from(
            ["done", "done", "fail", "not-logged", "lost-504", "lost-drop", LOST_AND_FAILED]
        ),
        st.sampled_from([0.3, 3.0, 40.0, 300.0]),
    ),
)


@dataclass
class Call:
    """A phone call under way: who has shown in it that they are whom."""

    number: str | None
    practice: Practice
    id: str = field(default_factory=lambda: uuid4().hex)
    proved: set[str] = field(default_factory=set)
    messages: list[Message] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants, of whom, and when."""

    tool: str
    who: Person | None = None
    is_right: bool = True
    when: str = HOURS[0]
    other: str = HOURS[1]
    befalls: tuple[str, str] | None = None
    fate: tuple[str, float] | None = None


class Callers(RuleBasedStateMachine):
    """Three lines, two practices, and people at the desk of each."""

    lines: ClassVar[Exchange]
    town: Town
    people: dict[str, dict[str, Person]]
    tried: ClassVar[int] = 0
    told: ClassVar[Counter[str]] = Counter()
    befell: ClassVar[Counter[str]] = Counter()
    ends: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Heard] = []
        self.touched: set[tuple[str, str]] = set()
        self.was_at: dict[tuple[str, str], set[str]] = {}
        self.was_there: set[tuple[str, str]] = set()
        self.calls: dict[int, Call] = {}

    @initialize(number=st.integers(0, 799), together=st.booleans(), few=st.booleans(),
                lag=st.sampled_from([0.0, 0.0, 600.0]))  # fmt: skip
    def all_is_well(self, number: int, together: bool, few: bool, lag: float) -> None:
        self.town = town = Town(self.lines, number=number, together=together, few=few)
        self.people = {
            practice.site: {
                town.registers(practice, person.patient(f"4000000{one}")): person
                for one, person in enumerate(ON_RECORD)
            }
            for practice in town.practices
        }
        for which, who, when in ((0, ANN, "09:00"), (0, CLEO, "14:00"), (1, BOB, "10:00")):
            self.staff_books(which, who, when)
        town.control("refresh")
        self.the_copy_is_renewed_so_often(lag)

    # What callers do.

    @rule(line=LINE, number=NUMBER, which=WHICH, is_told=st.booleans())
    def somebody_hangs_up_and_another_calls(
        self, line: int, number: str | None, which: int, is_told: bool
    ) -> None:
        call = self.calls.pop(line, None)
        if is_told and call is not None and call.messages:
            self.town.send(call.messages[-1].end())
        self.calls[line] = Call(number, self.town.practices[which])

    @rule(line=LINE, tool=TOOL, who=WHO, is_right=HONEST, when=WHEN, which=st.integers(0, 7),
          other=WHEN, befalls=BEFALLS, fate=FATE)  # fmt: skip
    def a_caller_asks(self, line: int, which: int, **about: Any) -> None:
        """Of what they have, or of any time."""
        call, wish = self.call(line), Wish(**about)
        if wish.tool in {"cancel", "move"} and which < MOST_OWN:
            wish = replace(wish, when=self.own(call, which))
        self.asks(call, wish)

    @rule(tool=TOOL, when=WHEN, other=WHEN)
    def two_ask_at_the_same_moment(self, **wish: Any) -> None:
        asked = [self.town.pool.submit(self.asks, self.call(line), Wish(**wish)) for line in (0, 1)]
        for one in asked:
            one.result()

    @rule(line=LINE, which=st.integers(0, 5), is_twice=st.booleans())
    def a_message_comes_again(self, line: int, which: int, is_twice: bool) -> None:
        call = self.call(line)
        if not call.messages:
            return
        message = call.messages[-1 - which % len(call.messages)]
        again = [self.town.pool.submit(self.says, call, message) for _ in range(1 + is_twice)]
        for one in again:
            one.result()

    # What staff does.

    @rule(which=WHICH, who=st.sampled_from(ON_RECORD), when=WHEN)
    def staff_books(self, which: int, who: Person, when: str) -> None:
        self.noted_by_staff(which, who, when)

    def noted_by_staff(
        self, which: int, who: Person, when: str, *, whose: str | None = None
    ) -> str:
        """The id of the appointment."""
        practice = self.town.practices[which]
        (pms_id, *_) = [one for one, person in self.people[practice.site].items() if person is who]
        start = self.instant(practice, when)
        self.notes(pms_id, start, practice)
        told = {"start_utc": start.isoformat(), "minutes": 15, "patient_ids": [pms_id]}
        made = self.town.control(
            "appointments",
            tenant=practice.site,
            practitioner_id=whose or practice.providers[0],
            **told,
        )
        return str(made["id"])

    @rule(which=WHICH, row=st.integers(0, 5), when=WHEN,
          action=st.sampled_from(["reschedule", "cancel", "delete", "arrive"]))  # fmt: skip
    def staff_changes(self, which: int, row: int, when: str, action: str) -> None:
        practice = self.town.practices[which]
        book = self.town.truth(practice)["appointments"]
        if not book:
            return
        one = book[row % len(book)]
        self.touched.add((practice.site, one["id"]))
        start = self.instant(practice, when)
        for patient in one["patients"]:
            self.notes(patient["id"], start, practice)
        self.town.control(
            f"appointments/{one['id']}",
            tenant=practice.site,
            action=action,
            start_utc=start.isoformat(),
        )

    # What machines do, and what happens to them.

    @rule(after=st.integers(0, 6), fault=st.sampled_from(["503", "reset"]))
    def a_question_fails(self, after: int, fault: str) -> None:
        script = {"fault": fault, "path": "/v4/", "times": 1, "after": after}
        self.town.control("faults", scripts=[script])

    @rule(seconds=st.sampled_from([0.0, 0.0, 60.0, 3000.0]))
    def the_copy_is_renewed_so_often(self, seconds: float) -> None:
        self.town.control("knobs", refresh_seconds=seconds)

    @rule(what=GOES_ON, place=st.one_of(st.none(), st.sampled_from(FOLLOWING)),
          is_killed=st.booleans())  # fmt: skip
    def the_world_goes_on(self, what: str | int, place: str | None, is_killed: bool) -> None:
        if isinstance(what, int):
            self.town.time.passes(what)
        elif what == "sync":
            for practice in self.town.practices:
                self.town.syncs(practice)
        else:
            life = Life()
            if place is not None:
                life.plan[place] = life.dies if is_killed else lambda: self.town.time.passes(70)
            self.town.works(life)

    # How a caller asks.

    def call(self, line: int) -> Call:
        if line not in self.calls:
            self.calls[line] = Call(NUMBERS[line], self.town.practices[0])
        return self.calls[line]

    def asks(self, call: Call, wish: Wish) -> str:
        message = self.message(call, wish)
        call.messages.append(message)
        if wish.fate is not None:
            self.decrees(*wish.fate)
        return self.says(call, message, wish)

    def decrees(self, name: str, seconds: float) -> None:
        """What becomes of the next write; the answer that it was taken on may get lost besides.

        What was meant for one that never left is forgotten, or it would befall another by halves.
        """
        self.town.simulator.vendor.cloud.queue.next.clear()
        self.town.desk.delete("/_sim/faults")
        if name == LOST_AND_FAILED:
            name = "fail"
            script = {"fault": "lost-504", "path": "/v4/", "times": 1}
            self.town.control("faults", scripts=[script])
        self.town.control("writebacks", next=[{"fate": name, "seconds": seconds}])

    def own(self, call: Call, which: int) -> str:
        """When the practice has somebody whom this call may speak of, else any time."""
        self.shows(call, Message(call_id="", tool_call_id="", tool="", arguments={},
                                 caller=call.number, practice=call.practice))  # fmt: skip
        zone_ = ZoneInfo(call.practice.timezone)
        found = [
            f"{datetime.fromisoformat(one['start_utc']).astimezone(zone_):%H:%M}"
            for one in self.town.truth(call.practice)["appointments"]
            for patient in one["patients"]
            if patient["id"] in call.proved
        ]
        return found[which % len(found)] if found else HOURS[which % len(HOURS)]

    def message(self, call: Call, wish: Wish) -> Message:
        claims = wish.who.claims(is_right=wish.is_right) if wish.who else {}
        if wish.who is None and call.number == CLEO.phone:
            claims = {"firstName": CLEO.first}
        if wish.tool == "new":
            claims = FAY.claims()
        day = self.town.day.isoformat()
        tools: dict[str, tuple[str, dict[str, Any]]] = {
            "book": ("bookAppointment", {"startTime": f"{day}T{wish.when}", "duration": 15}),
            "cancel": ("cancelAppointment", {"date": day, "time": wish.when}),
            "move": (
                "rescheduleAppointment",
                {"currentDate": day, "currentTime": wish.when, "newDate": day,
                 "newTime": wish.other},
            ),
            "info": ("getPatientInfo", {}),
            "find": ("searchPatients", {}),
            "free": ("checkAvailability", {"date": day, "duration": 15}),
            "new": ("createPatient", {}),
        }  # fmt: skip
        tool, told = tools[wish.tool]
        return Message(
            call_id=call.id,
            tool_call_id=uuid4().hex,
            tool=tool,
            arguments={**claims, **told},
            caller=call.number,
            practice=call.practice,
        )

    def says(self, call: Call, message: Message, wish: Wish | None = None) -> str:
        self.shows(call, message)
        posted: list[Future[httpx.Response]] = []
        befalls = wish.befalls if wish else None
        life, is_hasty = Life(), False
        if wish is not None and befalls is not None:
            place, event = befalls
            is_hasty = event in {"dies for good", "the ingress speaks"}
            life.is_followed = event != "dies for good"
            life.plan[place] = self.event(event, call, message, wish, life, posted)
        text = self.town.ask(message, life=life, is_hasty=is_hasty, posted=posted)
        if befalls is not None and not life.plan:
            self.befell[befalls[1]] += 1
        self.learns(call, message, text)
        heard = Heard(message, text, frozenset(call.proved), self.town.time())
        self.heard.append(heard)
        self.told["done" if heard.number else "requested" if heard.is_requested else "else"] += 1
        return text

    def shows(self, call: Call, message: Message) -> None:
        """Whom they may speak of, by their number or by what they know."""
        told = message.arguments
        for pms_id, person in self.people[call.practice.site].items():
            is_own = person.phone is not None and person.phone == call.number
            knows = person is not TWIN and person is not EVE and all(
                told.get(name) == value for name, value in person.claims().items()
            )  # fmt: skip
            if is_own or knows:
                call.proved.add(pms_id)
        for name in ("startTime", "time", "currentTime", "newTime"):
            if name in told:
                start = self.instant(call.practice, str(told[name])[-5:])
                for pms_id in call.proved:
                    self.notes(pms_id, start, call.practice)

    def learns(self, call: Call, message: Message, text: str) -> None:
        """Who is registered by then is known by name."""
        for patient in list(call.practice.location.clinic.patients.values()):
            if patient.last == FAY.last:
                own = replace(FAY, phone=normalised(patient.phone or "", "US").e164)
                self.people[call.practice.site].setdefault(patient.id, own)
        self.shows(call, message)

    def event(
        self, name: str, call: Call, message: Message, wish: Wish, life: Life,
        posted: list[Future[httpx.Response]],
    ) -> Callable[[], None]:  # fmt: skip
        town = self.town
        again = Wish(tool=wish.tool, who=wish.who, when=wish.when, other=wish.other)
        others = Call(BOB.phone if call.number != BOB.phone else ANN.phone, call.practice)
        rival = Wish(tool="book", when=wish.other if wish.tool == "move" else wish.when)

        def taken_over(successor: Life | None = None) -> None:
            (row,) = town.rows("SELECT job_id FROM tool_calls WHERE tool_call_id = :one",
                               one=message.tool_call_id)  # fmt: skip
            town.lapses(row.job_id)
            town.pool.submit(town.carry, row.job_id, successor).result()

        def taken_over_and_lost() -> None:
            successor = Life()
            successor.plan["after submit 1"] = successor.dies
            taken_over(successor)

        def looked_for() -> None:
            taken_over()
            town.pool.submit(town.works).result()

        def spoken() -> None:
            posted[0].result(timeout=10)

        def beside(what: Callable[[], Any]) -> Callable[[], None]:
            # On a thread of its own: nothing of this worker's is theirs.
            return lambda: town.pool.submit(what).result()

        which = town.practices.index(call.practice)
        return {
            "dies": life.dies,
            "dies for good": life.dies,
            "is taken over": taken_over,
            "is taken over and lost": taken_over_and_lost,
            "is taken over and looked for": looked_for,
            "the ingress speaks": spoken,
            "hangs up": beside(lambda: town.send(message.end())),
            "staff takes the time": beside(lambda: self.staff_books(which, EVE, wish.when)),
            "staff takes the time at last": beside(lambda: self.takes_at_last(call, wish.when)),
            "staff changes it": beside(lambda: self.staff_changes(which, 0, wish.other, "cancel")),
            "a rival asks": beside(lambda: self.asks(others, rival)),
            "asks again": beside(lambda: self.asks(call, again)),
            "calls again": beside(lambda: self.asks(Call(call.number, call.practice), again)),
            "a while passes": lambda: town.time.passes(70),
            "the copy is renewed": beside(lambda: town.control("refresh")),
            "a sync runs": beside(lambda: town.syncs(call.practice)),
        }[name]

    def takes_at_last(self, call: Call, when: str) -> None:
        """Staff is quicker, with whomever the call is about to book, and the book shows it."""
        practice = call.practice
        for one in practice.location.clinic.practice.at_work:
            which = self.town.practices.index(practice)
            pms_id = self.noted_by_staff(which, EVE, when, whose=one.id)
            self.was_there.add((practice.site, pms_id))

    def instant(self, practice: Practice, when: str) -> datetime:
        at = time.fromisoformat(when)
        return datetime.combine(self.town.day, at, ZoneInfo(practice.timezone))

    def notes(self, pms_id: str, start: datetime, practice: Practice) -> None:
        self.was_at.setdefault((practice.site, pms_id), set()).add(clock(start, practice))

    # What must hold.

    def teardown(self) -> None:
        """Nothing happens any more, and everything that waits may go on."""
        if not hasattr(self, "town"):
            return
        try:
            self.settles()
            judge = Judge(
                self.town,
                self.people,
                self.heard,
                self.touched,
                was_at=self.was_at,
                was_there=self.was_there,
            )
            assert not judge.findings(), "\n".join([*judge.findings(), *self.story()])
            self.ends.update(f"{one.kind} {one.state}" for one in judge.writes)
        finally:
            self.town.close()
        type(self).tried += 1

    def story(self) -> list[str]:
        return [
            f"{one.message.call_id[:4]}/{one.message.tool_call_id[:4]} {one.message.caller}"
            f" {one.message.tool} {dict(one.message.arguments)}: {one.text}"
            for one in self.heard
        ]

    def settles(self) -> None:
        town = self.town
        town.desk.delete("/_sim/faults")
        town.control("knobs", refresh_seconds=0.0)
        town.control("writebacks/finish")
        town.rows(LAPSED)
        for one in town.waiting(("answer_tool_call",)):
            town.carries(one.id)
        for practice in town.practices:
            town.syncs(practice)
        for _ in range(MOST_ROUNDS):
            left = town.waiting()
            if not left:
                return
            ahead = (left[0].due_at - town.time()).total_seconds()
            if ahead > 0:
                town.time.passes(ahead + 1)
            town.works()
        raise AssertionError("jobs never come to an end")
