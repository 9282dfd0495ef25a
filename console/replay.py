"""`pms-sync replay`: a recorded run, played to the code as it is; nobody is asked."""

from datetime import timedelta
from typing import Annotated, Any

import typer

from adapters.playing import Recorded
from adapters.storage.audit.audit import record
from adapters.storage.runs import recordings, runs
from adapters.storage.runs.recordings import Recording
from adapters.storage.runs.runs import LoggedRun
from console import output, replayed
from console.auditing import access
from console.opened import called
from console.output import AsJson, short
from console.recordings import MEGABYTE, PATIENTS
from console.wiring import Wiring, wired
from domain.errors import BadInput
from domain.sheet import as_json
from infra.clock import system_clock
from infra.database import dispatch, transaction
from workers.replaying import replay as played

app = typer.Typer()

RunId = Annotated[
    str | None,
    typer.Argument(metavar="[RUN]", help="The run's id, or how it begins; without it, a list."),
]
Answers = Annotated[
    bool, typer.Option("--answers", help="As JSON what the PMS answered, word for word.")
]
Forget = Annotated[bool, typer.Option("--forget", help="Delete the recording.")]


@app.command()
def replay(
    run: RunId = None, *, answers: Answers = False, forget: Forget = False, json: AsJson = False
) -> None:
    """Play a recorded run to the code as it is, and compare; nothing is asked or written.

    Ends with 1 where something was asked that is not recorded; a difference is an answer.
    """
    _refuse_unclear(run, answers=answers, forget=forget)
    with wired() as wiring:
        if run is None:
            return _list(wiring, json=json)
        with dispatch(wiring.engine) as db:
            logged = runs.find(db, run)
        if forget:
            return _forget(wiring, logged, json=json)
        if not logged.is_over:
            raise BadInput("This run is not over yet; replay it when it is.")
        kept, recorded = _read(wiring, logged)
        if answers:
            told = [replayed.answer(one) for one in recorded.heard]
            return output.answer({"run_id": logged.id, "answers": told})
        found = played(recorded, logged, fingerprint=wiring.sealer.fingerprint, is_cut=kept.is_full)
    if json:
        output.answer(replayed.as_answer(found, kept))
    else:
        replayed.tell(found, recorded, kept)
    if not found.is_whole:
        raise typer.Exit(1)
    return None


def _refuse_unclear(run: str | None, *, answers: bool, forget: bool) -> None:
    """Lest a recording is gone before it was read."""
    if answers and forget:
        raise BadInput("Choose one of --answers and --forget.")
    if run is None and (answers or forget):
        raise BadInput("Name the run; 'pms-sync replay' lists those that are recorded.")


def _read(wiring: Wiring, logged: LoggedRun) -> tuple[Recording, Recorded]:
    """Opened for somebody at the terminal, who is written down."""
    account = logged.account_id
    with transaction(wiring.engine, account_id=account) as db:
        kept = recordings.find(db, logged.id)
        record(
            db,
            access("replay", trace_id=logged.trace_id),
            account_id=account,
            action="recording.read",
            phi_fields=PATIENTS,
            connection_id=logged.connection_id,
            summary=f"run {logged.id}",
        )
        parts = recordings.parts(db, wiring.sealer, logged.id, account_id=account)
        return kept, Recorded.of(kept.begun_at, parts)


def _forget(wiring: Wiring, logged: LoggedRun, *, json: bool) -> None:
    with transaction(wiring.engine, account_id=logged.account_id) as db:
        recordings.find(db, logged.id)
        recordings.forget(db, logged.id)
        record(
            db,
            access("replay --forget", trace_id=logged.trace_id),
            account_id=logged.account_id,
            action="recording.forgotten",
            phi_fields=PATIENTS,
            connection_id=logged.connection_id,
            summary=f"run {logged.id}",
        )
    if json:
        return output.answer({"run_id": logged.id, "forgotten": True})
    return output.say(f"The recording of run {short(logged.id)} is deleted.")


def _list(wiring: Wiring, *, json: bool) -> None:
    """All there are, with nothing of what is in them."""
    with dispatch(wiring.engine) as db:
        found = recordings.listed(db)
        practices = called(db, (one.connection_id for one in found))
    days = timedelta(days=wiring.settings.recordings_keep_days)
    if json:
        told: list[dict[str, Any]] = [
            {**as_json(one), "kept_until": as_json(one.begun_at + days)} for one in found
        ]
        return output.answer({"recordings": told})
    if not found:
        return output.say("No run is recorded; 'pms-sync sync ID --record' records one.")
    now = system_clock()
    return output.table(
        ["Run", "Connection", "Begun", "MB", "Whole", "Kept until"],
        [
            (
                short(one.run_id),
                practices[one.connection_id],
                output.ago(one.begun_at, now=now),
                f"{one.bytes / MEGABYTE:.1f}",
                "no" if one.is_full else "yes",
                f"{one.begun_at + days:%d %b %H:%M} UTC",
            )
            for one in found
        ],
    )
