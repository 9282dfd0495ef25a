"""`pms-sync accounts overlaps`: what is done where two visits of one clinician overlap."""

from collections.abc import Sequence
from typing import Annotated

import typer

from adapters.storage.by_hand.hands import Hand
from adapters.storage.sheet import overlap_policies
from adapters.storage.sheet.overlap_policies import Chosen, ColumnPolicy, OverlapPolicies
from console import output
from console.auditing import access
from console.opened import of_account
from console.output import AsJson
from console.wiring import wired
from domain.errors import BadInput
from domain.overlaps import Policy
from infra.clock import system_clock

AS_ACCOUNT = "account"
SAYS = {
    Policy.BLOCK: "what people set by hand is refused; what a PMS or a scan brings is marked",
    Policy.WARN: "it stands and is marked",
    Policy.ALLOW: "nothing is said",
}


def overlaps(
    account: Annotated[str, typer.Argument(metavar="ID", help="The account's id.")],
    *,
    policy: Annotated[str | None, typer.Option(help="block, warn or allow.")] = None,
    clinician: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=POLICY",
            help="Of one column alone; 'account' is as the account has it. Repeatable.",
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Show what is done where two visits of one clinician overlap, or choose it."""
    with wired() as wiring, of_account(wiring, account) as db:
        found = overlap_policies.read(db, account)
        if policy is not None or clinician:
            chosen = _chosen(policy, clinician or (), found)
            overlap_policies.change(db, chosen, hand=_hand(account))
            found = overlap_policies.read(db, account)
    if json:
        return output.answer(
            {"id": account, "policy": found.policy, "clinicians": found.clinicians}
        )
    return _show(found)


def _hand(account: str) -> Hand:
    whose = access("accounts overlaps")
    return Hand(account_id=account, by=str(whose.user), at=system_clock(), access=whose)


def _chosen(policy: str | None, given: Sequence[str], found: OverlapPolicies) -> Chosen:
    pairs = [one.rpartition("=") for one in given]
    return Chosen(
        policy=None if policy is None else Policy.read(policy),
        clinicians={
            _column(name, found.clinicians).id: None if word == AS_ACCOUNT else Policy.read(word)
            for name, _, word in pairs
        },
    )


def _column(name: str, columns: Sequence[ColumnPolicy]) -> ColumnPolicy:
    wanted = name.strip().casefold()
    for one in columns:
        if one.name.casefold() == wanted:
            return one
    raise BadInput(
        f"No column of the sheet is called '{name.strip()}'; write --clinician 'Dr Ann=block' with"
        " the name above it."
    )


def _show(found: OverlapPolicies) -> None:
    own = [(one.name, one.policy, SAYS[one.policy]) for one in found.clinicians if one.policy]
    output.table(
        ["Whose", "Overlaps", "What"],
        [("Everybody" if not own else "Others", found.policy, SAYS[found.policy]), *own],
    )
