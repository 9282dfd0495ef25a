"""How something that was asked for at a practice stands, in one sentence."""

from collections.abc import Mapping
from typing import Any

from domain.jobs import JobState
from domain.work import PUSH_RANGE, SYNC


def sentence_of(row: Mapping[str, Any]) -> str:
    """How a job stands, as one says it: "3 appointments updated"."""
    if row["state"] == JobState.DEAD:
        return str(row["error_text"] or "It failed.")
    if row["state"] == JobState.CANCELLED:
        return "It was called off."
    if row["state"] != JobState.DONE:
        return f"Waiting for {row['waiting_for']}." if row["waiting_for"] else "Under way."
    if row["kind"] == SYNC:
        return _counted((row["created"] or 0) + (row["updated"] or 0) + (row["removed"] or 0))
    result = row["result"] or {}
    if row["kind"] == PUSH_RANGE:
        failed = result.get("failed", 0)
        return f"{result.get('sent', 0)} sent" + (f", {failed} failed." if failed else ".")
    return "The practice did not take it." if result.get("refused") else "Done."


def _counted(changed: int) -> str:
    return f"{changed} appointment{'' if changed == 1 else 's'} updated."
