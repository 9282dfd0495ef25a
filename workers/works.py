"""What is done for each kind of job, put together from the handlers and the ports."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from redis import Redis
from sqlalchemy import Engine

from adapters.opening import Opener
from adapters.outgoing.posting import Poster
from adapters.replies import Teller
from adapters.sikka.authorised import SikkaOffices
from adapters.storage.audit.audit_chain import Chaining
from adapters.storage.audit.audit_watch import Watch
from adapters.storage.deliveries import delivery_work
from adapters.storage.deliveries.refetching import RefetchStore
from adapters.storage.jobs.ledger import advance
from adapters.storage.outgoing.telling import TellingStore
from adapters.storage.phone.texts import TextStore
from adapters.storage.practices import given_up
from adapters.storage.practices.authorising import AuthorisationStore
from adapters.storage.practices.checks import CheckStore
from adapters.storage.practices.token_book import TokenBook
from adapters.storage.runs.recordings import MOST_BYTES
from adapters.storage.runs.summaries import SummaryStore
from adapters.storage.runs.syncing import SyncStore
from adapters.storage.two_way.push_ranges import RangeStore
from adapters.storage.upkeep.emptying import EmptyingStore
from adapters.storage.upkeep.pruning import RECORDINGS_DAYS, REJECTS_DAYS, prune
from adapters.taping import Recorder
from adapters.trying import Trials, forget_leftovers
from adapters.vapi.controlling import LiveCallControl
from domain.accesses import Thresholds
from domain.errors import BrokenContract, Transient
from domain.jobs import Job
from domain.rhythm import USUAL
from domain.tools import CallControl
from domain.work import (
    ANSWER,
    AUTHORISE,
    CHAIN_AUDIT,
    CHECK,
    DESK_CALL,
    EMPTY,
    LINK_PATIENT,
    PRUNE,
    PUSH_ENTRY,
    PUSH_RANGE,
    REFETCH,
    RENEW_TOKEN,
    SEND_TEXT,
    SETTLE,
    SUMMARISE,
    SYNC,
    TELL_ENDPOINT,
    WATCH_ACCESS,
)
from infra.database import dispatch
from infra.sealing import Sealer
from infra.stopping import Stopping
from workers.answering import Answering
from workers.desk_calls import desk_calls
from workers.execution import Work
from workers.following import Following
from workers.handlers.answer_tool_call import answer_tool_call
from workers.handlers.authorise import Authorising
from workers.handlers.chain_audit import chain_audit
from workers.handlers.check_connection import Checking
from workers.handlers.empty_left_out import empty_left_out
from workers.handlers.link_patient import link_patient
from workers.handlers.push_entry import push_entry
from workers.handlers.push_range import push_range
from workers.handlers.refetch import refetch
from workers.handlers.renew_token import renew_token
from workers.handlers.send_text import Sender, send_text
from workers.handlers.settle_write import settle_write
from workers.handlers.summarise import summarise
from workers.handlers.sync_connection import sync_connection
from workers.handlers.tell_endpoint import tell_endpoint
from workers.handlers.watch_access import watch_access
from workers.lines import Lines
from workers.linking import PatientLinking
from workers.patience import Patient
from workers.pushing import Pushing
from workers.tools import tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the handlers of one process share; without `texts` none is sent.

    Without `chaining` audit rows stay unchained. Over `redis` an ingress that waits is told of
    answers; without it they are found all the same.
    """

    engine: Engine
    sealer: Sealer
    opener: Opener
    clock: Callable[[], datetime]
    stopping: Stopping
    secrets_prefix: str = ""
    texts: Sender | None = None
    redis: Redis | None = None
    control: CallControl = field(default_factory=LiveCallControl)
    chaining: Chaining | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
    usual_hours: Mapping[str, Any] = field(default_factory=lambda: dict(USUAL))
    rejects_days: int = REJECTS_DAYS
    recordings_days: int = RECORDINGS_DAYS
    recording_bytes: int = MOST_BYTES


def works(parts: Parts) -> Mapping[str, Work]:
    """A handler for every kind of job there is."""
    patient = Patient(parts.opener.throttle, parts.clock, parts.stopping)
    opener = replace(parts.opener, throttle=patient)
    return {
        **_of_callers(parts, opener),
        **_of_connections(parts, opener),
        **_of_pushes(parts, opener),
        **_of_audit(parts),
        TELL_ENDPOINT: _of_endpoints(parts),
        PRUNE: Work(run=lambda _job: _cleared(parts)),
        SUMMARISE: Work(run=lambda job: _summarised(job, parts)),
    }


def _of_endpoints(parts: Parts) -> Work:
    """What an account's own programs are told."""
    store = TellingStore(engine=parts.engine, clock=parts.clock)
    post = Poster(
        secrets=parts.opener.secrets,
        clock=parts.clock,
        is_production=parts.opener.is_production,
    )
    lines = Lines(clock=parts.clock)

    def run(job: Job) -> Mapping[str, Any]:
        with lines.taken(str(job.account_id)):
            return tell_endpoint(job, tellings=store, post=post)

    return Work(run=run, gave_up=store.gave_up)


def _of_audit(parts: Parts) -> Mapping[str, Work]:
    """What is made of the audit rows."""
    watch = Watch(
        engine=parts.engine,
        clock=parts.clock,
        thresholds=parts.thresholds,
        usual_hours=parts.usual_hours,
    )
    works = {WATCH_ACCESS: Work(run=lambda job: watch_access(job, watch=watch))}
    chains = parts.chaining
    if chains is not None:
        works[CHAIN_AUDIT] = Work(run=lambda job: chain_audit(job, chains=chains))
    return works


def _of_callers(parts: Parts, opener: Opener) -> Mapping[str, Work]:
    """Answers, writes that are followed, and texts."""
    answering = Answering(
        engine=parts.engine,
        sealer=parts.sealer,
        opener=opener,
        teller=Teller(parts.redis) if parts.redis is not None else None,
        clock=parts.clock,
        stopping=parts.stopping,
        control=parts.control,
        sends_texts=parts.texts is not None,
        usual_hours=parts.usual_hours,
    )
    following = Following(
        engine=parts.engine,
        sealer=parts.sealer,
        opener=opener,
        clock=parts.clock,
        stopping=parts.stopping,
    )
    texts = TextStore(engine=parts.engine, sealer=parts.sealer, clock=parts.clock)
    spoken, asked = tools(), desk_calls()
    return {
        ANSWER: Work(run=lambda job: answer_tool_call(job, calls=answering, tools=spoken)),
        DESK_CALL: Work(run=lambda job: answer_tool_call(job, calls=answering, tools=asked)),
        SETTLE: Work(
            run=lambda job: settle_write(job, writes=following, clock=parts.clock),
            gave_up=following.gave_up,
        ),
        SEND_TEXT: Work(
            run=lambda job: send_text(job, texts=texts, sender=parts.texts, clock=parts.clock),
            gave_up=texts.gave_up,
        ),
    }


def _of_connections(parts: Parts, opener: Opener) -> Mapping[str, Work]:
    """What is read of a PMS, and how it is reached."""
    store = SyncStore(
        parts.engine, parts.sealer, clock=parts.clock, recording_bytes=parts.recording_bytes
    )
    book = TokenBook(parts.engine)
    inbox = RefetchStore(parts.engine, parts.sealer, clock=parts.clock)
    rows = EmptyingStore(parts.engine, parts.sealer, clock=parts.clock)
    return {
        SYNC: Work(run=lambda job: _synced(job, parts, store, opener), gave_up=store.gave_up),
        RENEW_TOKEN: Work(
            run=lambda job: renew_token(job, book=book, open_source=opener), gave_up=book.gave_up
        ),
        REFETCH: Work(
            run=lambda job: refetch(
                job,
                store=inbox,
                open_source=lambda connection, look: opener.remembering(look)(connection),
                stopping=parts.stopping,
            ),
            gave_up=inbox.gave_up,
        ),
        EMPTY: Work(run=lambda job: empty_left_out(job, store=rows, stopping=parts.stopping)),
        **_of_access(parts, opener),
    }


def _of_pushes(parts: Parts, opener: Opener) -> Mapping[str, Work]:
    """What goes from the sheet to a PMS that takes changes."""
    pushing = Pushing(
        engine=parts.engine,
        sealer=parts.sealer,
        opener=opener,
        clock=parts.clock,
        stopping=parts.stopping,
    )
    linking = PatientLinking(
        engine=parts.engine, sealer=parts.sealer, opener=opener, clock=parts.clock
    )
    ranges = RangeStore(parts.engine)
    return {
        PUSH_ENTRY: Work(
            run=lambda job: push_entry(job, entries=pushing, clock=parts.clock),
            gave_up=pushing.gave_up,
        ),
        PUSH_RANGE: Work(run=lambda job: push_range(job, ranges=ranges, clock=parts.clock)),
        LINK_PATIENT: Work(
            run=lambda job: link_patient(job, links=linking), gave_up=linking.gave_up
        ),
    }


def _of_access(parts: Parts, opener: Opener) -> Mapping[str, Work]:
    """Whether a PMS lets us in: tried by a person, or granted at a marketplace."""
    checking = Checking(
        checks=CheckStore(parts.engine, clock=parts.clock),
        trials=Trials(opener),
        stopping=parts.stopping,
        clock=parts.clock,
    )
    authorising = Authorising(
        store=AuthorisationStore(parts.engine, parts.clock),
        open_offices=lambda: SikkaOffices(opener, parts.secrets_prefix),
        clock=parts.clock,
        stopping=parts.stopping,
    )
    return {
        CHECK: Work(run=checking.run, gave_up=checking.gave_up),
        AUTHORISE: Work(run=authorising.run, gave_up=authorising.store.gave_up),
    }


def _synced(job: Job, parts: Parts, store: SyncStore, opener: Opener) -> Mapping[str, Any]:
    """A page may take a request for each patient: an attempt that learned of some has advanced."""
    with dispatch(parts.engine) as db:
        # What a webhook had read again since is newer than what an attempt before remembers.
        newest = delivery_work.last_settled(db, job.connection_id)
    own = opener.remembering(f"{job.id}/{newest}")
    if job.args.get("record"):
        own = own.recorded(Recorder(store.tape(job), parts.clock, str(job.vendor)))
    known = own.known
    try:
        return sync_connection(job, store=store, open_source=own, stopping=parts.stopping)
    except (Transient, BrokenContract):
        if own.known > known:
            with dispatch(parts.engine) as db:
                advance(db, job)
        raise


def _cleared(parts: Parts) -> Mapping[str, int]:
    """What is past its keep-by date, secrets that checks left behind, and set-ups given up."""
    left = forget_leftovers(CheckStore(parts.engine), parts.opener.secrets)
    gone = prune(
        parts.engine, rejects_days=parts.rejects_days, recordings_days=parts.recordings_days
    )
    idle = given_up.let_go(parts.engine, parts.sealer, now=parts.clock())
    return {**gone, "secrets": left, "set_ups": idle}


def _summarised(job: Job, parts: Parts) -> Mapping[str, int]:
    store = SummaryStore(parts.engine)
    return summarise(job, store=store, clock=parts.clock, stopping=parts.stopping)
