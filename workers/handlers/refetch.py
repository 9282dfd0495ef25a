"""What webhooks named, read again at the PMS and settled like a page of a sync."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from domain.connections import Connection
from domain.deliveries import Look, Seen
from domain.errors import BadRecord, BrokenContract, Refused, Transient
from domain.jobs import MAX_FAILURES, Job
from domain.sources import AppointmentSource, Spend
from infra.stopping import Stopping

MOST_PROBLEMS = 3
"""Appointments that could not be read, with none that could, before the PMS is called down."""


class Looking(Protocol):
    """The deliveries of one connection; every write is one transaction under the job's fence."""

    connection: Connection

    def next(self) -> Look | None: ...
    def settle(self, look: Look, seen: Seen, *, spent: Sequence[Spend]) -> Mapping[str, int]: ...
    def save_spent(self, spent: Sequence[Spend]) -> None: ...


class Deliveries(Protocol):
    """Opens the deliveries that wait for a job."""

    def begin(self, job: Job) -> Looking: ...


OpenSource = Callable[[Connection, str], AppointmentSource]
"""Opens the PMS for one look: nothing that was read before it is remembered."""


def refetch(
    job: Job, *, store: Deliveries, open_source: OpenSource, stopping: Stopping
) -> Mapping[str, Any]:
    """Settle every delivery that waits; answers what came of the appointments."""
    looking = store.begin(job)
    counts: Counter[str] = Counter()
    while (look := looking.next()) is not None:
        source = open_source(looking.connection, look.key)
        counts.update(_looked_up(job, looking, look, source, stopping))
    return dict(counts)


def _looked_up(
    job: Job, looking: Looking, look: Look, source: AppointmentSource, stopping: Stopping
) -> Mapping[str, int]:
    """One batch; what was found before a wait or an error is kept."""
    seen = Seen()
    try:
        _look(seen, look, source, stopping, is_last_try=job.failures >= MAX_FAILURES - 1)
    except BaseException:
        if seen:
            looking.settle(look, seen, spent=source.drain_spent())
        else:
            looking.save_spent(source.drain_spent())
        raise
    return looking.settle(look, seen, spent=source.drain_spent())


def _look(
    seen: Seen, look: Look, source: AppointmentSource, stopping: Stopping, *, is_last_try: bool
) -> None:
    """Each as it stands. At the last try one that fails is set aside, unless the PMS is down."""
    failed: dict[str, str] = {}
    for pms_id in look.pms_ids:
        stopping.check()
        try:
            _note(seen, pms_id, source, is_last_try=is_last_try)
        except Transient as problem:
            failed[pms_id] = str(problem)
            is_down = not seen and len(failed) == min(MOST_PROBLEMS, len(look.pms_ids))
            if is_down or not is_last_try:
                raise
    seen.unreadable.update(failed)


def _note(seen: Seen, pms_id: str, source: AppointmentSource, *, is_last_try: bool) -> None:
    """The appointment as it stands; one that cannot be read is set aside with its reason."""
    try:
        seen.found[pms_id] = source.probe(pms_id) or []
    except (BadRecord, Refused) as problem:
        seen.unreadable[pms_id] = str(problem)
    except BrokenContract as problem:
        if not is_last_try:
            raise
        seen.unreadable[pms_id] = str(problem)
