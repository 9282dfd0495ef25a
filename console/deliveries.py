"""`pms-sync deliveries`: what reached us by webhook, what came of it, and once more."""

from typing import Annotated

import typer
from sqlalchemy import RowMapping

from adapters.storage.deliveries import deliveries, replaying
from console import output
from console.auditing import audited
from console.opened import DEFAULT_ACCOUNT, Account, Limit, of_account
from console.output import AsJson, short
from console.wiring import wired
from domain.deliveries import DeliveryState
from domain.errors import BadInput
from infra.clock import system_clock
from infra.database import dispatch

app = typer.Typer(no_args_is_help=True, help="What reached us by webhook.")


@app.command("list")
def list_(
    *,
    state: Annotated[str | None, typer.Option(help=", ".join(DeliveryState))] = None,
    account: Account = DEFAULT_ACCOUNT,
    limit: Limit = 20,
    json: AsJson = False,
) -> None:
    """List the latest deliveries, without what they held."""
    if state and state not in set(DeliveryState):
        raise BadInput(f"There is no state '{state}'; choose one of {', '.join(DeliveryState)}.")
    chosen = DeliveryState(state) if state else None
    with wired() as wiring, of_account(wiring, account) as db:
        found = deliveries.listed(db, state=chosen, limit=limit)
    if json:
        return output.answer({"deliveries": [dict(one) for one in found]})
    if not found:
        return output.say("No delivery matches." if state else "Nothing has been delivered yet.")
    now = system_clock()
    return output.table(
        ["Id", "From", "Event", "About", "State", "Came", "Note"],
        [
            (
                short(one["id"]),
                one["sender"],
                one["event"],
                one["subject"],
                one["state"],
                output.ago(one["received_at"], now=now),
                _note(one),
            )
            for one in found
        ],
    )


def _note(delivery: RowMapping) -> str:
    """What came of it, and how often the same one came."""
    times = delivery["times"]
    said = (f"came {times} times" if times > 1 else "", delivery["note"] or "")
    return "; ".join(one for one in said if one)


@app.command()
def replay(
    delivery: Annotated[str, typer.Argument(metavar="ID", help="Its id, or how it begins.")],
    *,
    json: AsJson = False,
) -> None:
    """Look up again what a settled delivery named."""
    with wired() as wiring:
        with dispatch(wiring.engine) as db:
            account_id, delivery_id = deliveries.find(db, delivery)
        with audited(
            wiring.engine,
            "deliveries replay",
            account_id=account_id,
            action="delivery.replayed",
            summary=f"delivery {delivery_id}",
        ) as db:
            job_id = replaying.replay(db, delivery_id)
    if json:
        return output.answer({"id": delivery_id, "job_id": job_id})
    return output.say(f"Job {job_id} looks it up again.")
