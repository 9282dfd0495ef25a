"""How something that was asked for at a practice stands, in one sentence."""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.counting import so_many
from domain.jobs import JobState
from domain.patient_links import LinkState, said_of
from domain.pushes import PushState
from domain.work import LINK_PATIENT, PUSH_RANGE, SYNC

MOST_REASONS = 3
"""Of rows that failed, and of rows that wait; most of them first."""
AS_IT_IS = "What was refused is not sent again as it is: change it, or undo the change."

_STAYS_BEHIND = frozenset({PushState.NEEDS_PATIENT, PushState.ERROR, PushState.PENDING})


def sentence_of(row: Mapping[str, Any]) -> str:
    """How a job stands, as one says it: "3 appointments updated"; of a row, what it still needs."""
    if row["state"] == JobState.DEAD:
        return str(row["error_text"] or "It failed.")
    if row["state"] == JobState.CANCELLED:
        return "It was called off."
    if row["state"] != JobState.DONE:
        return f"Waiting for {row['waiting_for']}." if row["waiting_for"] else "Under way."
    if row["kind"] == SYNC:
        return pulled(*(row[name] or 0 for name in ("created", "updated", "removed"))) + "."
    return _done(row, row["result"] or {})


def _done(row: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    if row["kind"] == PUSH_RANGE:
        return _range(result)
    if row["kind"] == LINK_PATIENT and result.get("state"):
        return said_of(LinkState(result["state"]), candidates=result.get("candidates", 0))
    if row["push_state"] in _STAYS_BEHIND and row["push_reason"]:
        return str(row["push_reason"])
    return "The practice did not take it." if result.get("refused") else "Done."


def _range(result: Mapping[str, Any]) -> str:
    """What of some days went, and for each reason how many rows did not."""
    counts = {name: int(result.get(name) or 0) for name in ("sent", "failed", "waiting")}
    if not any(counts.values()):
        return "Nothing to send: what is here of these days is there."
    said = [f"{counts['sent']} sent" if counts["sent"] else "Nothing sent"]
    said += [f"{counts['failed']} failed"] if counts["failed"] else []
    said += [f"{counts['waiting']} not yet"] if counts["waiting"] else []
    told = [f"{', '.join(said)}.", *_reasons(result.get("reasons") or {})]
    return " ".join([*told, *([AS_IT_IS] if counts["failed"] else [])])


def _reasons(reasons: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    for outcome, how in (("failed", "Failed"), ("waiting", "Not yet")):
        for reason, times in list(reasons.get(outcome, {}).items())[:MOST_REASONS]:
            yield f"{how} ({times}): {reason.rstrip('.')}."


def pulled(created: int, updated: int, removed: int) -> str:
    """What a pull changed: "3 appointments updated", or where not all of it is that, what was."""
    if not created + removed and updated:
        return f"{so_many(updated, 'appointment')} updated"
    counts = {"new": created, "changed": updated, "removed": removed}
    said = [f"{count} {what}" for what, count in counts.items() if count]
    return ", ".join(said) or "Nothing changed"
