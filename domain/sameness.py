"""When two wishes are one: what is asked for again is not done twice."""

from collections.abc import Iterable

from domain.names import read
from domain.wishes import (
    Booking,
    Cancellation,
    Move,
    NewCoverage,
    NewNote,
    NewPatient,
    PatientChange,
    Payment,
    StatusChange,
    Wish,
)
from domain.writes import KeptWrite, NewWrite, WriteState

Mark = tuple[object, ...]

CAME_TO_NOTHING = frozenset({WriteState.FAILED, WriteState.WITHDRAWN})


def again(new: NewWrite, earlier: Iterable[KeptWrite]) -> KeptWrite | None:
    """Which of these, the newest first, is what is asked for now; None where it is new.

    The last of them about the same thing counts: what was changed meanwhile may be changed back.
    Another call's write counts where it is under way, and a cancellation or registration also
    when it was done: nothing of it may be shown yet. Of its own a call has one booking that stands,
    which is found without us.
    """
    wish = new.write.wish
    subject = _about(wish)
    found = (one for one in earlier if _stands(one, new) and _about(one.write.wish) == subject)
    last = next(found, None)
    return last if last is not None and _wanted(last.write.wish) == _wanted(wish) else None


def _stands(kept: KeptWrite, new: NewWrite) -> bool:
    wish = kept.write.wish
    if kept.state in CAME_TO_NOTHING or type(wish) is not type(new.write.wish):
        return False
    if kept.call_id == new.call_id:
        return not isinstance(wish, Booking)
    if isinstance(wish, Booking | Move):
        return kept.state is not WriteState.CONFIRMED
    return isinstance(wish, Cancellation | NewPatient)


def _about(wish: Wish) -> Mark:
    """What it is done to, or for whom and when: nobody is at two places at once."""
    match wish:
        case Booking():
            return (wish.patient_id, wish.start)
        case NewPatient():
            first, last = _folded(wish.first_name), _folded(wish.last_name)
            # A name of which nothing is left is nobody's: not even the same over again.
            return (*first, ",", *last, wish.date_of_birth) if first and last else (object(),)
        case PatientChange():
            return (wish.patient_id,)
        case NewNote() | NewCoverage() | Payment():
            return (wish.patient_id, *_content(wish))
        case _:
            return (wish.appointment_id,)


def _content(wish: NewNote | NewCoverage | Payment) -> Mark:
    match wish:
        case NewNote():
            return (wish.text.casefold(),)
        case NewCoverage():
            return (wish.provider.casefold(), wish.policy)
        case Payment():
            return (wish.amount, wish.method.casefold(), wish.last4)


def _wanted(wish: Wish) -> Mark:
    """How it shall be; the reason somebody gives is worded anew each time."""
    match wish:
        case Move():
            return (wish.start, wish.minutes, wish.practitioner_id)
        case StatusChange():
            return (wish.status,)
        case PatientChange():
            told = (wish.first_name, wish.last_name, wish.phone, wish.email)
            return (*told, *sorted(wish.address.items()))
        case _:
            return ()


def _folded(name: str) -> tuple[str, ...]:
    return read(f"{name}, x").family
