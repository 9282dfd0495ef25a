"""Sentences for callers: what became of a write, and what can be done instead."""

from collections.abc import Collection, Mapping
from datetime import date, datetime

from domain.desk import Ability
from domain.names import spoken
from domain.sameness import CAME_TO_NOTHING
from domain.showing import Otherwise, Shown
from domain.speech import joined, said_day, said_time, said_when, spelled
from domain.tools import (
    CALL_FOLLOWS,
    NOT_NOW,
    NOT_REACHED,
    TEXT_FOLLOWS,
    Told,
    ToolAnswer,
    ToolRequest,
    under_way,
)
from domain.window import local_day
from domain.wishes import Booking, Cancellation, Move, Wish, WriteKind
from domain.writes import OPEN, KeptWrite, WriteState

CONNECT = "connect you with somebody at the practice"
OFFERS: Mapping[Ability, str] = {
    Ability.BOOK: "make an appointment",
    Ability.RESCHEDULE: "move an appointment",
    Ability.CANCEL: "cancel an appointment",
    Ability.SEARCH_PATIENTS: "look up your appointments",
}
TEXTED: Mapping[WriteKind, str] = {
    WriteKind.BOOK: "your appointment is confirmed{when}",
    WriteKind.RESCHEDULE: "the new time of your appointment is confirmed{when}",
    WriteKind.CANCEL: "your appointment{when} is cancelled",
    WriteKind.CREATE_PATIENT: "you are registered",
}
DONE: Mapping[WriteKind, str] = {
    WriteKind.BOOK: "It is booked.",
    WriteKind.RESCHEDULE: "The appointment is moved.",
    WriteKind.CANCEL: "The appointment is cancelled.",
    WriteKind.CREATE_PATIENT: "The new patient is registered.",
}
NAMED: Mapping[WriteKind, str] = {
    WriteKind.BOOK: "the appointment",
    WriteKind.RESCHEDULE: "the move",
    WriteKind.CANCEL: "the cancellation of the appointment",
    WriteKind.CREATE_PATIENT: "the registration of the new patient",
    WriteKind.UPDATE_PATIENT: "the change of the record",
    WriteKind.ADD_NOTE: "the note",
    WriteKind.RECORD_PAYMENT: "the payment",
}
NOT_TAKEN = (
    "The practice's system did not accept that, so {left}. Shall I try another way, or"
    f" {CONNECT}?"
)


def told_of(request: ToolRequest, kept: KeptWrite, done: str, **about: object) -> ToolAnswer:
    """`done` is said only of a write the practice's own system has taken; with its number.

    What was asked for before, by another tool call, is told of and not done again.
    """
    state = kept.state
    is_again = kept.key != request.write_key
    if state is WriteState.CONFIRMED:
        before = "That was done already. " if is_again else ""
        return _said(kept, before + _numbered(kept, done), Told.CONFIRMED, **about)
    if is_again and state not in CAME_TO_NOTHING:
        return _requested_already(request, kept, **about)
    if state in OPEN:
        text = under_way(can_text=request.can_text, what=_what(request, kept))
        return _said(kept, text, Told.REQUESTED, **about)
    if state is WriteState.FAILED:
        return _said(kept, NOT_TAKEN.format(left=_left(kept)), Told.FAILED, **about)
    return _said(kept, NOT_REACHED.format(left=_left(kept)), Told.FAILED, **about)


def _left(kept: KeptWrite) -> str:
    """Whoever cancelled one before they asked for another has changed something in the call."""
    is_booking = kept.write.kind is WriteKind.BOOK
    return "no appointment was made" if is_booking else "nothing was changed"


def _numbered(kept: KeptWrite, done: str) -> str:
    """With its number; a question comes last, for who has heard it answers."""
    said, mark, question = done.partition(". ")
    number = f"The confirmation number is {spelled(kept.confirmation)}."
    return f"{said}. {number} {question}" if mark and done.endswith("?") else f"{done} {number}"


def _requested_already(request: ToolRequest, kept: KeptWrite, **about: object) -> ToolAnswer:
    """Its end is told to whoever asked first, at their number; anybody else has to be called."""
    is_own = kept.call_id == request.call_id or request.writes.is_from(kept, request.caller)
    follows = TEXT_FOLLOWS if is_own and request.can_text else CALL_FOLLOWS
    text = f"{requested(request, kept)} at the practice already, and is not final yet. {follows}"
    return _said(kept, text, Told.REQUESTED, calls_back=not is_own, **about)


def requested(request: ToolRequest, kept: KeptWrite) -> str:
    """That it was asked for, as a sentence begins."""
    what = _what(request, kept)
    return "That was requested" if what == "this" else f"{what[0].upper()}{what[1:]} was requested"


def not_yet(request: ToolRequest, kept: KeptWrite) -> str:
    """Nobody can say in which order a practice's system takes two changes of one appointment."""
    return (
        f"{requested(request, kept)}, and is not final yet, so it cannot be changed just now. Shall"
        f" I try again in a minute, or {CONNECT}?"
    )


def _what(request: ToolRequest, kept: KeptWrite) -> str:
    """What was requested, with its day, time and clinician where it has them."""
    wish = kept.write.wish
    named = NAMED.get(kept.write.kind, "this")
    start = getattr(wish, "start", None)
    if start is None:
        return named
    connection = request.connection
    when = said_when(start, connection.timezone, now=request.now)
    name = connection.practitioners.get(getattr(wish, "practitioner_id", ""), "")
    joint = "to" if isinstance(wish, Move) else "for"
    return f"{named} {joint} {when}{f' with {spoken(name)}' if name else ''}"


def unanswered(kept: KeptWrite | None, *, can_text: bool) -> ToolAnswer:
    """What is certain of a tool call nobody answered in time, and of what it may have begun."""
    if kept is None:
        return ToolAnswer(text=NOT_NOW, is_error=True)
    if kept.state is WriteState.CONFIRMED:
        done = DONE.get(kept.write.kind, "That is done.")
        number = spelled(kept.confirmation)
        return _said(kept, f"{done} The confirmation number is {number}.", Told.CONFIRMED)
    if kept.state in OPEN:
        return _said(kept, under_way(can_text=can_text), Told.REQUESTED)
    return _said(kept, NOT_REACHED.format(left=_left(kept)), Told.FAILED, is_error=True)


def text_of(kept: KeptWrite, practice: str, timezone: str) -> str:
    """The text that tells what became of a request; no name of a patient travels in it."""
    wish = kept.write.wish
    who = practice or "Your practice"
    if kept.state is WriteState.CONFIRMED:
        done = TEXTED.get(kept.write.kind, "your request has been carried out")
        said = done.format(when=_at(wish, timezone))
        return f"{who}: {said}. Confirmation number {kept.confirmation}."
    return (
        f"{who}: we are sorry, {_asked(kept)}{_at(wish, timezone)} could not be carried out. Please"
        " call us so that we can find another way."
    )


def unsettled_text(kept: KeptWrite, practice: str, timezone: str) -> str:
    """For a request nobody can say the end of."""
    who = practice or "Your practice"
    return (
        f"{who}: we could not find out what became of {_asked(kept)}"
        f"{_at(kept.write.wish, timezone)}."
        " Please call us before you rely on it."
    )


def otherwise_text(kept: KeptWrite, found: Otherwise, practice: str, timezone: str) -> str | None:
    """What the practice's book shows of what was told as done; None where that is not theirs.

    Who has cancelled has nothing to do, whatever the book still shows: the practice has.
    """
    who, asked = practice or "Your practice", _at(kept.write.wish, timezone)
    if found.how is Shown.ELSEWHERE and found.start is not None:
        return (
            f"{who}: our book has your appointment{_on(found.start, timezone, joint='for')}, and"
            f" not{asked} as you asked. Please call us if that does not suit you."
        )
    if found.how is Shown.MISSING:
        return (
            f"{who}: we cannot find your appointment{asked} in our book. Somebody at the practice"
            " will call you; please call us before you rely on it."
        )
    return None


def _at(wish: Wish, timezone: str) -> str:
    """A text may be read days later: the whole date."""
    if not isinstance(wish, Booking | Move | Cancellation) or wish.start is None:
        return ""
    joint = "on" if isinstance(wish, Cancellation) else "for"
    return _on(wish.start, timezone, joint=joint)


def _on(start: datetime, timezone: str, *, joint: str) -> str:
    day = said_day(local_day(start, timezone), today=date.min)
    return f" {joint} {day} at {said_time(start, timezone)}"


def _asked(kept: KeptWrite) -> str:
    is_cancelled = kept.write.kind is WriteKind.CANCEL
    return "your wish to cancel the appointment" if is_cancelled else "your request"


def cannot(abilities: Collection[Ability]) -> str:
    """For what this practice's system cannot do, or has switched off."""
    offers = [words for ability, words in OFFERS.items() if ability in abilities]
    return f"I cannot do that for this practice. I can {joined([*offers, CONNECT])}."


def _said(kept: KeptWrite, text: str, told: Told, **about: object) -> ToolAnswer:
    return ToolAnswer(text=text, told=told, write_id=kept.id, **about)  # type: ignore[arg-type]
