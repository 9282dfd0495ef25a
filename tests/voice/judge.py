"""Holds what callers of a town were told against what its practices' own books say in the end.

It reads words as a caller would, the simulator's truth, and of the ledger which write bears which
number. A finding names who was told what.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.speech import heard_number
from domain.tools import BROKEN, CALL_FOLLOWS
from producers.webhooks.vapi import HAS_ENDED
from tests.voice.people import Person
from tests.voice.town import Message, Practice, Town

Key = tuple[str, str]
"""A practice's site, and an id of its own: another practice may have the same."""

ALREADY = "requested at the practice already"
OVER = {"cancelled", "no_show"}
WRITES = frozenset(
    {"bookAppointment", "cancelAppointment", "rescheduleAppointment", "createPatient"}
)
OFFERS = frozenset({"checkAvailability", "bookAppointment", "rescheduleAppointment"})
_CLOCK = re.compile(r"\b(?:at )?(\d{1,2}(?::\d\d)?) ?(am|pm)\b")
_DONE = re.compile(r"is confirmed for|new time is confirmed|is cancelled:|patient is registered")


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer; `may` are those of whom this call had shown that it may speak."""

    message: Message
    text: str
    may: frozenset[str]
    at: datetime

    @property
    def number(self) -> str | None:
        return heard_number(self.text)

    @property
    def is_requested(self) -> bool:
        return "not final yet" in self.text

    @property
    def is_silent(self) -> bool:
        """Nothing is said of what became of it."""
        return self.text in {BROKEN, HAS_ENDED}

    @property
    def key(self) -> str:
        return f"{self.message.call_id}:{self.message.tool_call_id}"


@dataclass
class Judge:
    town: Town
    people: Mapping[str, Mapping[str, Person]]
    """By practice, then by the practice's own id."""

    heard: list[Heard]
    touched: set[Key]
    """Appointments that staff has had a hand in."""

    was_at: Mapping[Key, set[str]] = field(default_factory=dict)
    """At which times of day each patient has, or was asked to have, anything."""

    was_there: Collection[Key] = frozenset()
    """Of staff's, what stood in the book when our last look at it was yet to come."""

    def __post_init__(self) -> None:
        owners = list({one.account for one in self.town.practices})
        statement = "SELECT * FROM pms_writes WHERE account_id = ANY(:owners) ORDER BY created_at"
        self.writes = self.town.rows(statement, owners=owners)
        self.by_key = {one.idempotency_key: one for one in self.writes}
        self.by_number = {one.confirmation: one for one in self.writes}
        self.truth = {one.site: self.town.truth(one) for one in self.town.practices}
        self.sent = {
            one["id"]: {**one, "site": site}
            for site, told in self.truth.items()
            for one in told["writebacks"]
        }
        self.by_id = {one.id: one for one in self.writes}
        asked = "SELECT * FROM tool_calls WHERE account_id = ANY(:owners)"
        self.asked = {one.tool_call_id: one for one in self.town.rows(asked, owners=owners)}
        self.site_of = {one.connection_id: one.site for one in self.town.practices}
        self.book = {
            (site, one["id"]): {**one, "site": site}
            for site, told in self.truth.items()
            for one in told["appointments"]
        }

    def findings(self) -> list[str]:
        checks = (self._sent_once, self._as_told, self._final, self._doubled, self._of_a_call,
                  self._for_whom, self._whispers, self._ends, self._promises, self._left_behind,
                  self._stands, self._alarms, self._registered)  # fmt: skip
        return [f"{check.__name__}: {one}" for check in checks for one in check()]

    # What was sent, and what it did.

    def _outcomes(self, write: Any) -> list[str]:
        return [self.sent[one]["state"] for one in self.town.sent.of.get(write.confirmation, ())]

    def _is_done(self, write: Any) -> bool:
        return "done" in self._outcomes(write)

    def _sent_once(self) -> Iterator[str]:
        for write in self.writes:
            if len(self._outcomes(write)) > 1:
                yield f"{write.kind} {write.confirmation} left twice"

    def _as_told(self) -> Iterator[str]:
        for one in self.heard:
            if one.message.tool not in WRITES or one.is_requested or one.is_silent:
                continue
            if one.number is not None:
                write = self.by_number.get(one.number)
                if write is None or not self._is_done(write):
                    yield f"told as done, and it is not: {one.text}"
                continue
            write = self._begun_by(one)
            if write is not None and self._is_done(write):
                yield f"told otherwise, and it is done: {write.kind}: {one.text}"
            elif write is None and _DONE.search(one.text):
                yield f"told as done without a number: {one.text}"

    def _begun_by(self, one: Heard) -> Any:
        """By its key, or by the trace of the job that was to answer."""
        asked = self.asked.get(one.message.tool_call_id)
        traced = (each for each in self.writes if asked and each.trace_id == asked.trace_id)
        return self.by_key.get(one.key) or next(traced, None)

    def _final(self) -> Iterator[str]:
        for write in self.writes:
            if write.state in {"requested", "held", "submitted", "unknown"}:
                yield f"{write.kind} {write.confirmation} ends as {write.state}"
            elif (write.state == "confirmed") != self._is_done(write):
                yield f"{write.kind} {write.confirmation} {write.state}: {self._outcomes(write)}"

    # What stands in the books.

    def _live(self) -> list[dict[str, Any]]:
        return [one for one in self.book.values() if one["meaning"] not in OVER]

    def _ours(self) -> list[dict[str, Any]]:
        """Live ones that we made or moved and nobody else had a hand in."""
        return [one for one in self._live() if one["writebacks"] and _key(one) not in self.touched]

    def _doubled(self) -> Iterator[str]:
        ours = {_key(one) for one in self._ours()}
        for site, told in self.truth.items():
            for one in told["overlaps"]:
                both = {(site, pms_id) for pms_id in one["appointments"]}
                if both <= ours:
                    yield f"double booking: {one}"
                elif both & ours and both <= ours | set(self.was_there):
                    yield f"booked onto what stood there: {one}"
        at = defaultdict(list)
        for one in self._ours():
            for patient in one["patients"]:
                at[one["site"], patient["id"], one["start_utc"]].append(one["id"])
        yield from (f"twice at once: {key}" for key, ids in at.items() if len(ids) > 1)

    def _of_a_call(self) -> Iterator[str]:
        made: dict[str, list[Key]] = defaultdict(list)
        live = {_key(one) for one in self._ours()}
        for write in self.writes:
            ids = self.town.sent.of.get(write.confirmation, ())
            if write.kind == "book":
                site = self.site_of[write.connection_id]
                made[write.call_id] += [(site, self.sent[one]["created_id"]) for one in ids]
        for call_id, keys in made.items():
            if len([one for one in keys if one in live]) > 1:
                yield f"two bookings of call {call_id}"

    # Whom it was told of.

    def _for_whom(self) -> Iterator[str]:
        may: dict[str, set[str]] = defaultdict(set)
        for heard in self.heard:
            may[heard.message.call_id] |= heard.may
        for write in self.writes:
            for one in self.town.sent.of.get(write.confirmation, ()):
                whose = self._whose(self.sent[one])
                if whose and whose not in may[write.call_id]:
                    yield f"{write.kind} for somebody unproved: {write.confirmation}"

    def _whose(self, sent: Mapping[str, Any]) -> str | None:
        if sent["target"]:
            row = self.book.get((sent["site"], sent["target"]))
            return str(row["patients"][0]["id"]) if row and row["patients"] else None
        whose = sent["body"].get("patient_id")
        return str(whose) if whose else None

    def _whispers(self) -> Iterator[str]:
        for one in self.heard:
            known = self.people[one.message.practice.site]
            said = {str(value) for value in one.message.arguments.values()}
            others = [who for pms_id, who in known.items() if pms_id not in one.may]
            own = {word for pms_id in one.may if pms_id in known for word in known[pms_id].words()}
            told = {word for who in others for word in who.words()} - own - said
            for word in told:
                if re.search(rf"\b{re.escape(word)}\b", one.text, re.IGNORECASE):
                    yield f"told {word} unproved: {one.text}"
            yield from self._times_told(one)

    def _times_told(self, one: Heard) -> Iterator[str]:
        """Of appointments, to those whose they are: any other time is one that is offered."""
        if one.message.tool in OFFERS:
            if not one.may and one.message.tool != "checkAvailability" and clocks(one.text):
                yield f"told a time unproved: {one.text}"
            return
        own = {clock for pms_id in one.may for clock in self._was_at(one, pms_id)}
        for clock in clocks(one.text) - own:
            yield f"told somebody's {clock}: {one.text}"

    def _was_at(self, one: Heard, pms_id: str) -> set[str]:
        return self.was_at.get((one.message.practice.site, pms_id), set())

    # What is left.

    def _ends(self) -> Iterator[str]:
        """Whoever was told that it is not final hears the end, or the practice is to tell them."""
        texts = self.town.texts()
        untold = {one["id"] for one in self.town.to_be_told()}
        for one in self.heard:
            write = self.by_key.get(one.key)
            if write is None or not one.is_requested:
                continue
            told = [body for body, purpose in texts.get(write.id, ()) if purpose != "otherwise"]
            if not told and str(write.id) not in untold:
                yield f"nobody tells the end of {write.kind}: {one.text}"
            for body in told:
                is_said = "could not" not in body
                if is_said != self._is_done(write) and "could not find out" not in body:
                    yield f"texted what is not so: {body}"

    def _promises(self) -> Iterator[str]:
        """Who asked for what another call had asked for gets the text, or the call, of it."""
        sent, listed = self.town.recipients(), self.town.to_be_told()
        for at, one in enumerate(self.heard):
            asked = self.asked.get(one.message.tool_call_id)
            write = self.by_id.get(asked.write_id) if asked and ALREADY in one.text else None
            if write is None or write.call_id == one.message.call_id:
                continue
            number = one.message.caller
            to_call = {each["phone"] for each in listed if each["writeId"] == str(write.id)}
            is_texted = number is None or number in sent.get(write.id, ())
            is_promised = (
                to_call if CALL_FOLLOWS in one.text else {number} if is_texted else to_call
            )
            key = self.site_of[write.connection_id], write.pms_id
            is_over = self._is_overtaken(key, write) or self._is_booked_since(write)
            later = (each for each in self.heard[at + 1 :] if each.message.caller == number)
            has_heard = any(self._is_told_of(each, write) for each in later)
            if number is not None and number not in is_promised and not (is_over or has_heard):
                yield f"promised to {number} and not kept: {one.text}"

    def _is_told_of(self, one: Heard, write: Any) -> bool:
        """Its end, in a later answer, or among what they hear of their record."""
        asked = self.asked.get(one.message.tool_call_id)
        if one.message.tool == "getPatientInfo":
            is_theirs = write.pms_patient_id in one.may
            is_over = write.settled_at is not None and write.settled_at <= one.at
            shown = clock(write.start_at, one.message.practice) if is_theirs and is_over else None
            return shown is not None and shown in one.text
        return asked is not None and asked.write_id == write.id and not one.is_requested

    def _registered(self) -> Iterator[str]:
        """Nobody is, twice."""
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for write in self.writes:
            if write.kind == "create_patient" and self._is_done(write):
                for one in self.town.sent.of[write.confirmation]:
                    who = self.sent[one]["body"]
                    name = f"{who.get('firstname')} {who.get('lastname')}"
                    found[self.sent[one]["site"], name].append(write.confirmation)
        yield from (f"registered twice: {who}: {ids}" for who, ids in found.items() if ids[1:])

    def _left_behind(self) -> Iterator[str]:
        owners = list({one.account for one in self.town.practices})
        for row in self.town.rows(
            "SELECT kind, state, error_text FROM jobs WHERE account_id = ANY(:owners)"
            " AND state NOT IN ('done', 'cancelled')",
            owners=owners,
        ):
            yield f"job {row.kind} is {row.state}: {row.error_text}"
        for row in self.town.rows(
            "SELECT kept.kind, kept.state FROM slot_holds JOIN pms_writes AS kept"
            " ON kept.id = write_id WHERE kept.account_id = ANY(:owners)"
            " AND (kept.state <> 'confirmed' OR expires_at IS NULL)",
            owners=owners,
        ):
            yield f"still held: {row}"
        for row in self.town.rows(
            "SELECT tool, state FROM tool_calls WHERE account_id = ANY(:owners)"
            " AND state IN ('waiting', 'claimed')",
            owners=owners,
        ):
            yield f"never answered: {row}"

    def _stands(self) -> Iterator[str]:
        """The last that was told as done of an appointment is how the book has it."""
        last: dict[Key, Heard] = {}
        for one in self.heard:
            write = self.by_number.get(one.number or "")
            if write is not None and write.pms_id and write.kind != "create_patient":
                last[one.message.practice.site, write.pms_id] = one
        for key, one in last.items():
            write = self.by_number[one.number or ""]
            if key in self.touched or self._is_overtaken(key, write):
                continue
            how = self._is_otherwise(key, write, one)
            if how is not None:
                yield f"is {how}: {one.text}"

    def _is_overtaken(self, key: Key, write: Any) -> bool:
        """By another that was done to the same appointment since."""
        return any(
            (self.site_of[one.connection_id], one.pms_id) == key
            and one.created_at > write.created_at
            and self._is_done(one)
            for one in self.writes
        )

    def _is_booked_since(self, write: Any) -> bool:
        """Who was not booked was, at that time all the same, by a later call."""
        wished = (write.connection_id, write.pms_patient_id, write.start_at)
        return (
            write.kind == "book"
            and not self._is_done(write)
            and any(
                (one.connection_id, one.pms_patient_id, one.start_at) == wished
                and one.kind == "book"
                and one.created_at > write.created_at
                and self._is_done(one)
                for one in self.writes
            )
        )

    def _is_otherwise(self, key: Key, write: Any, one: Heard) -> str | None:
        row = self.book.get(key)
        if row is None:
            return "in no book"
        if (row["meaning"] in OVER) != (write.kind == "cancel"):
            return str(row["meaning"])
        is_there = instant(row["start_utc"]) == write.start_at
        shown = clock_of(row, one.message.practice)
        return None if write.kind == "cancel" or (is_there and shown in one.text) else f"at {shown}"

    def _alarms(self) -> Iterator[str]:
        """Nobody is told that the book has it otherwise where it has it as it was asked for."""
        texts = self.town.texts()
        for write in self.writes:
            for body, purpose in texts.get(write.id, ()):
                row = self.book.get((self.site_of[write.connection_id], write.pms_id or ""))
                if purpose != "otherwise" or row is None or _key(row) in self.touched:
                    continue
                if row["meaning"] not in OVER and instant(row["start_utc"]) == write.start_at:
                    yield f"alarmed of what is so: {body}"


def _key(row: Mapping[str, Any]) -> Key:
    return row["site"], row["id"]


def clocks(text: str) -> set[str]:
    return {f"{clock} {half}" for clock, half in _CLOCK.findall(text)}


def clock_of(row: Mapping[str, Any], practice: Practice) -> str:
    return clock(instant(row["start_utc"]), practice)


def clock(start: datetime, practice: Practice) -> str:
    """As it is said: 9 am, 9:15 am."""
    local = start.astimezone(ZoneInfo(practice.timezone))
    minutes = f":{local:%M}" if local.minute else ""
    return f"{local.hour % 12 or 12}{minutes} {'am' if local.hour < 12 else 'pm'}"


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
