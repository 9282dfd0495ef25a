"""`pms-sync jobs replay-all` and `discard-all`: what died together, counted first."""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

import typer
from sqlalchemy import Connection as Db

from adapters.storage.audit.audit import record
from adapters.storage.jobs import job_acts
from adapters.storage.jobs.job_acts import DONE, Act, OfAKind
from adapters.storage.jobs.job_search import Wanted
from adapters.storage.people import accounts
from console import given, output
from console.auditing import access
from console.lines import one_line
from console.opened import DEFAULT_ACCOUNT, load
from console.output import AsJson
from console.wiring import Wiring, wired
from domain.counting import so_many
from domain.errors import BadInput
from domain.jobs import JobState
from infra.clock import system_clock
from infra.database import dispatch, transaction

app = typer.Typer()

COMMANDS = {Act.RETRY: "replay-all", Act.DISCARD: "discard-all"}
ASKED = {Act.RETRY: "Run {jobs} once more?", Act.DISCARD: "Call {jobs} off?"}
SAID = {Act.RETRY: "{jobs} ready again.", Act.DISCARD: "{jobs} called off."}

Kind = Annotated[str | None, typer.Option(help="Only of this kind, such as 'sync'.")]
Error = Annotated[str | None, typer.Option(help="Only with this kind of error.")]
About = Annotated[str | None, typer.Option(metavar="ID", help="Only this connection's.")]
Since = Annotated[str | None, typer.Option(help="Only what died since then.")]
Whose = Annotated[str | None, typer.Option(help="Only this account's.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Dead jobs of one account and kind; the product's own chores belong to nobody."""

    account: str | None
    found: OfAKind


@app.command("replay-all")
def replay_all(  # noqa: PLR0913 - each is an option
    *,
    kind: Kind = None,
    error: Error = None,
    connection: About = None,
    since: Since = None,
    account: Whose = None,
    yes: Yes = False,
    json: AsJson = False,
) -> None:
    """Run every dead job that matches once more, once it is counted and agreed to."""
    with wired() as wiring:
        wanted = _wanted(wiring, kind=kind, error=error, connection=connection, since=since)
        found = _counted(wiring, Act.RETRY, wanted, account)
        _see_to(wiring, Act.RETRY, wanted, found, is_sure=yes, json=json)


@app.command("discard-all")
def discard_all(  # noqa: PLR0913 - each is an option
    *,
    reason: Annotated[str, typer.Option(help="Why; it is kept with each.", callback=one_line)],
    kind: Kind = None,
    error: Error = None,
    connection: About = None,
    since: Since = None,
    account: Whose = None,
    yes: Yes = False,
    json: AsJson = False,
) -> None:
    """Call off every dead job that matches. What somebody was promised goes by its --kind alone."""
    with wired() as wiring:
        wanted = _wanted(wiring, kind=kind, error=error, connection=connection, since=since)
        found = _counted(wiring, Act.DISCARD, wanted, account)
        kept = [one for one in found if kind is None and one.found.kind in job_acts.WARNS]
        going = [one for one in found if one not in kept]
        if not json:
            _tell_what_it_means(going, kept)
        _see_to(wiring, Act.DISCARD, wanted, going, reason=reason, is_sure=yes, json=json)


def _wanted(
    wiring: Wiring,
    *,
    kind: str | None,
    error: str | None,
    connection: str | None,
    since: str | None,
) -> Wanted:
    return Wanted(
        kind=kind,
        error_kind=error,
        connection_id=load(wiring, connection).id if connection else None,
        ended_since=given.past_instant(since, now=system_clock()) if since else None,
        state=JobState.DEAD,
    )


def _counted(wiring: Wiring, act: Act, wanted: Wanted, account: str | None) -> Sequence[Group]:
    with dispatch(wiring.engine) as db:
        if account is not None:
            accounts.require(db, account)
        owners = [account] if account is not None else job_acts.owners(db)
    found = []
    for owner in owners:
        with _jobs_of(wiring, owner) as db:
            of_owner = job_acts.by_kind(db, act, _owned(wanted, owner))
        found += [Group(account=owner, found=one) for one in of_owner]
    return found


def _see_to(  # noqa: PLR0913 - what was asked, found and agreed to
    wiring: Wiring,
    act: Act,
    wanted: Wanted,
    found: Sequence[Group],
    *,
    is_sure: bool,
    json: bool,
    reason: str = "",
) -> None:
    """Ask, where nobody has agreed yet, and do it; either way it is told how many there are."""
    jobs = so_many(sum(one.found.jobs for one in found), "dead job")
    if not json:
        _show(found)
    if found and not is_sure:
        _ask(ASKED[act].format(jobs=jobs), found, json=json)
    done = sum(_do(wiring, act, wanted, one, reason=reason) for one in found)
    left = sum(one.found.jobs for one in found) - done
    if json:
        return output.answer({"matched": _plain(found), "changed": done, "left": left})
    more = f" {left} left: the same command goes on with them." if left else ""
    is_many = so_many(done, "job is", "jobs are")
    return output.say(SAID[act].format(jobs=is_many) + more) if found else None


def _ask(question: str, found: Sequence[Group], *, json: bool) -> None:
    if json:
        output.answer({"matched": _plain(found), "changed": 0})
    if json or not sys.stdin.isatty():
        raise BadInput("Nothing was done: say --yes once that is what is meant.")
    typer.confirm(question, abort=True)


def _do(wiring: Wiring, act: Act, wanted: Wanted, one: Group, *, reason: str) -> int:
    """Some hundreds of a kind, with one audit row; both or neither where an account owns them."""
    those = replace(_owned(wanted, one.account), kind=one.found.kind)
    book_of = one.account or DEFAULT_ACCOUNT
    with (
        transaction(wiring.engine, account_id=book_of) as book,
        nullcontext(book) if one.account else _jobs_of(wiring, None) as db,
    ):
        ids = job_acts.do_all(db, act, those, confirmed=one.found.jobs, reason=reason)
        record(
            book,
            access(f"jobs {COMMANDS[act]}"),
            account_id=book_of,
            action=f"jobs.{DONE[act]}",
            connection_id=wanted.connection_id,
            summary=job_acts.summary(ids, those),
        )
    return len(ids)


def _jobs_of(wiring: Wiring, owner: str | None) -> AbstractContextManager[Db]:
    """A transaction in which they can be changed: no account sees a job that belongs to none."""
    if owner is None:
        return dispatch(wiring.engine)
    return transaction(wiring.engine, account_id=owner)


def _owned(wanted: Wanted, owner: str | None) -> Wanted:
    return replace(wanted, no_account=owner is None)


def _tell_what_it_means(going: Sequence[Group], kept: Sequence[Group]) -> None:
    for one in sorted({each.found.kind for each in going} & set(job_acts.WARNS)):
        output.say(f"{one}: {job_acts.WARNS[one]}")
    for each in kept:
        jobs = so_many(each.found.jobs, "dead job")
        output.say(
            f"Left alone: {jobs} of the kind '{each.found.kind}'. {job_acts.WARNS[each.found.kind]}"
            f" Say --kind {each.found.kind} if that is meant."
        )


def _show(found: Sequence[Group]) -> None:
    if not found:
        return output.say("No dead job matches.")
    now = system_clock()
    return output.table(
        ["Account", "Kind", "Jobs", "First died", "Last died"],
        [
            (
                one.account,
                one.found.kind,
                one.found.jobs,
                output.ago(one.found.first, now=now),
                output.ago(one.found.last, now=now),
            )
            for one in found
        ],
    )


def _plain(found: Sequence[Group]) -> Sequence[dict[str, Any]]:
    return [{"account": one.account, **asdict(one.found)} for one in found]
