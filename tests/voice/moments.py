"""The moments at which a call goes wrong if it ever does, each drawn with what befalls it.

Left to chance alone, two callers hardly ever want one time, and the one who is cut off hardly ever
calls again before the practice has said the end.
"""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.voice.callers import HOURS, LOST_AND_FAILED, Call, Callers, Wish
from tests.voice.people import ANN, BOB, CLEO, FAY, STRANGER, Person

ANY_HOUR = st.sampled_from(HOURS)
WHERE = st.sampled_from([0, 1])
FREE_HOURS = st.sampled_from(
    [
        f"{hour}:{minute:02}"
        for hour in range(10, 17)
        for minute in range(0, 60, 15)
        if f"{hour}:{minute:02}" not in HOURS
    ]
)
"""At which hardly anybody has anything yet: what is wanted there is most often free."""

WHO = st.sampled_from([ANN, ANN, BOB])
BEFORE_IT_LEAVES = st.sampled_from(["after busy 1", "before busy 2", "before submit 1"])
# Some systems tell their free slots, of the others it is asked who works and what is taken.
WHILE_IT_LOOKS = st.sampled_from(["after first look 1", "after first look 1", "after openings 1"])
COMMITS = tuple(f"begin {number}" for number in range(6, 18))
AT_HEART = st.sampled_from(
    ["before busy 2", "after busy 2", "before submit 1", "after submit 1", "before busy 1"]
)
AROUND_IT = st.one_of(AT_HEART, AT_HEART, st.sampled_from(COMMITS))
CRASHES = st.sampled_from(["dies", "dies", "dies for good", "is taken over", "the ingress speaks"])
CHANGES = st.sampled_from(["book", "cancel", "move", "new"])
NAPS = st.sampled_from(
    [
        ("before last look 1", "is taken over"),
        ("after last look 1", "is taken over"),
        ("before submit 1", "is taken over and looked for"),
    ]
)
"""Where a worker sleeps past its lease, and what another does meanwhile: all of it; it cannot say
what became of it, and looks."""

OUTRUN_AT = st.sampled_from(
    ["before busy 1", "before last look 1", "after last look 1", "before submit 1",
     "after submit 1", "after submit 1"]
)  # fmt: skip
ENDS = st.sampled_from(
    [("done", 40.0), ("fail", 0.3), ("fail", 40.0), (LOST_AND_FAILED, 3.0), (LOST_AND_FAILED, 40.0),
     ("not-logged", 0.3)]
)  # fmt: skip
FAILURES = st.sampled_from([("fail", 0.3), ("fail", 40.0), (LOST_AND_FAILED, 40.0)])
IN_DOUBT = st.sampled_from([("done", 300.0), ("fail", 300.0), ("lost-504", 300.0)])
PAUSES = st.sampled_from([5, 70, 70, 400])


class Moments(Callers):
    """Callers, and what is aimed at them."""

    @rule(which=WHERE, when=ANY_HOUR, place=BEFORE_IT_LEAVES)
    def two_want_one_time(self, which: int, when: str, place: str) -> None:
        one = self.rings(ANN, which)
        self.asks(one, Wish(tool="book", when=when, befalls=(place, "a rival asks")))

    @rule(which=WHERE, when=FREE_HOURS, place=WHILE_IT_LOOKS)
    def staff_takes_the_time_before_the_last_look(self, which: int, when: str, place: str) -> None:
        """The copy that is looked at is as new as the book."""
        self.town.control("knobs", refresh_seconds=0.0)
        one = self.rings(BOB, which)
        befalls = (place, "staff takes the time at last")
        self.asks(one, Wish(tool="book", when=when, befalls=befalls))

    @rule(which=WHERE, tool=CHANGES, who=WHO, when=FREE_HOURS, other=ANY_HOUR, fate=ENDS)
    def a_request_ends(self, which: int, who: Person, **about: Any) -> None:
        wish = Wish(**about)
        self.asks(self.about_theirs(who, which, wish), wish)

    @rule(which=WHERE, tool=st.sampled_from(["cancel", "cancel", "move"]), who=WHO,
          when=FREE_HOURS, other=FREE_HOURS, fate=FAILURES)  # fmt: skip
    def a_change_comes_to_nothing(self, which: int, who: Person, **about: Any) -> None:
        """What stands in the book stays there, whatever its caller was told."""
        wish = Wish(**about)
        self.asks(self.about_theirs(who, which, wish), wish)

    @rule(which=WHERE, who=WHO, when=FREE_HOURS, other=ANY_HOUR)
    def an_appointment_is_moved(self, which: int, who: Person, when: str, other: str) -> None:
        wish = Wish(tool="move", when=when, other=other)
        self.asks(self.about_theirs(who, which, wish), wish)

    @rule(
        which=WHERE,
        tool=CHANGES,
        who=WHO,
        when=FREE_HOURS,
        other=ANY_HOUR,
        place=AROUND_IT,
        event=CRASHES,
    )
    def a_worker_is_lost(
        self, which: int, who: Person, place: str, event: str, **about: Any
    ) -> None:
        wish = Wish(befalls=(place, event), **about)
        self.asks(self.about_theirs(who, which, wish), wish)

    @rule(which=WHERE, who=WHO, when=FREE_HOURS, nap=NAPS)
    def a_worker_sleeps_past_its_lease(
        self, which: int, who: Person, when: str, nap: tuple[str, str]
    ) -> None:
        """The book shows at once what the one that took over has done."""
        self.town.control("knobs", refresh_seconds=0.0)
        self.asks(self.rings(who, which), Wish(tool="book", when=when, befalls=nap))

    @rule(which=WHERE, who=WHO, when=FREE_HOURS)
    def a_worker_wakes_behind_one_that_was_lost(self, which: int, who: Person, when: str) -> None:
        """Whoever took over has sent it, and died before anybody heard of it."""
        befalls = ("after last look 1", "is taken over and lost")
        self.asks(self.rings(who, which), Wish(tool="book", when=when, befalls=befalls))

    @rule(which=WHERE, tool=CHANGES, who=WHO, when=FREE_HOURS, other=ANY_HOUR, place=OUTRUN_AT)
    def the_ingress_answers_first(self, which: int, who: Person, place: str, **about: Any) -> None:
        wish = Wish(befalls=(place, "the ingress speaks"), **about)
        self.asks(self.about_theirs(who, which, wish), wish)

    @rule(which=WHERE, tool=st.sampled_from(["book", "cancel", "move"]), who=WHO, when=FREE_HOURS,
          other=ANY_HOUR, fate=IN_DOUBT, after=PAUSES, is_own=st.booleans())  # fmt: skip
    def somebody_asks_again_while_it_is_in_doubt(
        self, which: int, who: Person, after: int, is_own: bool, **about: Any
    ) -> None:
        wish = Wish(**about)
        one = self.about_theirs(who, which, wish)
        self.asks(one, wish)
        self.asks_anew(one, replace(wish, who=who, fate=None), after=after, is_own=is_own)

    @rule(which=WHERE, fate=IN_DOUBT, after=PAUSES, is_own=st.booleans())
    def somebody_is_registered_again_while_it_is_in_doubt(
        self, which: int, fate: tuple[str, float], after: int, is_own: bool
    ) -> None:
        """Nothing but the ledger knows of it before the practice shows it."""
        one, wish = self.rings(ANN, which), Wish(tool="new", who=FAY)
        self.asks(one, replace(wish, fate=fate))
        self.asks_anew(one, wish, after=after, is_own=is_own)

    def asks_anew(self, one: Call, wish: Wish, *, after: int, is_own: bool) -> None:
        """In another call a while later, from their own number or a stranger's."""
        self.town.time.passes(after)
        self.town.works()
        self.asks(Call(one.number if is_own else STRANGER, one.practice), wish)

    @rule(which=WHERE, tool=st.sampled_from(["info", "cancel", "move", "find"]), when=ANY_HOUR)
    def a_stranger_asks_after_somebody_else(self, which: int, tool: str, when: str) -> None:
        self.asks(self.rings(ANN, which), Wish(tool="info"))
        call = Call(STRANGER, self.town.practices[which])
        self.asks(call, Wish(tool=tool, when=when))
        self.asks(call, Wish(tool=tool, when=when, who=CLEO, is_right=False))

    def rings(self, who: Person, which: int) -> Call:
        """A call of theirs, from their own number."""
        self.calls[0] = Call(who.phone, self.town.practices[which], id=uuid4().hex)
        return self.calls[0]

    def about_theirs(self, who: Person, which: int, wish: Wish) -> Call:
        """A call of somebody who has something then that can be changed."""
        if wish.tool in {"cancel", "move"}:
            self.noted_by_staff(which, who, wish.when)
            self.town.control("knobs", refresh_seconds=0.0)
        return self.rings(who, which)
