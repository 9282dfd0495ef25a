"""Looks for somebody of ours among a practice's patients, and lets the row that waits go out."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from domain.desk import Cut, PatientCard, PatientQuery
from domain.jobs import Job
from domain.names import read
from domain.patient_links import Choice, Link, LinkState, Person, choose

MOST_LOOKED_AT = 25


class Linking(Protocol):
    """One person of ours and the practice, opened."""

    link: Link

    @property
    def is_paused(self) -> bool: ...
    def search(self, query: PatientQuery) -> Sequence[PatientCard]: ...
    def keep(self, choice: Choice) -> None: ...
    def release(self) -> None: ...


class Links(Protocol):
    def open(self, job: Job) -> Linking: ...


def link_patient(job: Job, *, links: Links) -> Mapping[str, Any]:
    """One search; whoever is linked already stays so, and what waits for it goes out.

    A paused practice is asked nothing: once it is resumed its next sync has them looked for.
    """
    opened = links.open(job)
    if opened.link.state is LinkState.LINKED:
        opened.release()
        return {"state": LinkState.LINKED.value}
    if opened.is_paused:
        return {"state": opened.link.state.value}
    person = opened.link.person
    found = opened.search(_query(person))
    choice = choose(person, found if len(found) < MOST_LOOKED_AT else Cut(found))
    opened.keep(choice)
    return {"state": choice.state.value, "candidates": len(choice.candidates)}


def _query(person: Person) -> PatientQuery:
    """By the name as it is written; who was born when is compared here."""
    name = read(person.name)
    return PatientQuery(
        first_name=_as_written(person.name, name.given),
        last_name=_as_written(person.name, name.family),
        limit=MOST_LOOKED_AT,
    )


def _as_written(whole: str, part: Sequence[str]) -> str | None:
    """With the accents and apostrophes by which a practice has it, too."""
    words = whole.replace(",", " ").split()
    return " ".join(word for word in words if not set(part).isdisjoint(read(word).words)) or None
