"""Sentences for callers: what became of a write, and what can be done instead."""

from collections.abc import Collection, Mapping

from domain.desk import Ability
from domain.speech import joined, spelled
from domain.tools import NOT_DONE, UNDER_WAY, Told, ToolAnswer
from domain.writes import OPEN, KeptWrite, WriteState

CONNECT = "connect you with somebody at the practice"
OFFERS: Mapping[Ability, str] = {
    Ability.BOOK: "make an appointment",
    Ability.RESCHEDULE: "move an appointment",
    Ability.CANCEL: "cancel an appointment",
    Ability.SEARCH_PATIENTS: "look up your appointments",
}
NOT_TAKEN = (
    "The practice's system did not accept that, so nothing was changed. Shall I try another way, or"
    f" {CONNECT}?"
)


def told_of(kept: KeptWrite, done: str, **about: object) -> ToolAnswer:
    """`done` is said only of a write the practice's own system has taken; with its number."""
    state = kept.state
    if state is WriteState.CONFIRMED:
        number = f" The confirmation number is {spelled(kept.confirmation)}."
        return _said(kept, done + number, Told.CONFIRMED, **about)
    if state in OPEN:
        return _said(kept, UNDER_WAY, Told.REQUESTED, **about)
    if state is WriteState.FAILED:
        return _said(kept, NOT_TAKEN, Told.FAILED, **about)
    return _said(kept, NOT_DONE, Told.FAILED, **about)


def cannot(abilities: Collection[Ability]) -> str:
    """For what this practice's system cannot do, or has switched off."""
    offers = [words for ability, words in OFFERS.items() if ability in abilities]
    return f"I cannot do that for this practice. I can {joined([*offers, CONNECT])}."


def _said(kept: KeptWrite, text: str, told: Told, **about: object) -> ToolAnswer:
    return ToolAnswer(text=text, told=told, write_id=kept.id, **about)  # type: ignore[arg-type]
