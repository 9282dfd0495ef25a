"""What a replay showed, beside what the run itself made of the same answers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from adapters.playing import Heard, Recorded
from adapters.storage.runs.recordings import Recording
from console import output
from console.recordings import NOT_WHOLE
from domain.recordings import Compared, Made, Row
from domain.sheet import as_json
from domain.window import zone
from workers.replaying import Replayed


def answer(heard: Heard) -> dict[str, Any]:
    """As it came; what is no text is shown as if it were."""
    asked = heard.question
    told = {"at": heard.at, "method": asked.method, "path": asked.path, "body": asked.body}
    found = heard.answer
    if found is None:
        return {**told, "broke": str(heard.broke)}
    text = found.body.decode(errors="replace")
    return {**told, "status": found.status, "headers": dict(found.headers), "answer": text}


def as_answer(found: Replayed, kept: Recording) -> dict[str, Any]:
    return {
        "run_id": kept.run_id,
        "same": found.is_whole and found.compared.is_same,
        "recording_is_whole": not kept.is_full,
        "not_recorded": found.missing,
        "not_asked": found.unasked,
        "then": _made(found.then),
        "now": _made(found.now),
        "differences": as_json(asdict(found.compared)),
    }


def tell(found: Replayed, recorded: Recorded, kept: Recording) -> None:
    then, now = found.then, found.now
    _tell_rows(now, recorded)
    for one in now.aside:
        output.say(f"Set aside: {one}")
    if found.is_whole:
        _tell_differences(found.compared)
    output.table(
        ["", "Then", "Now"],
        [
            ("Rows read", len(then.rows), len(now.rows)),
            ("For the sheet", _on_sheet(then), _on_sheet(now)),
            ("Set aside", len(then.aside), len(now.aside)),
            ("Requests", then.requests.total(), now.requests.total()),
            ("Ended", then.status, now.status),
        ],
    )
    if found.unasked:
        output.say(f"{found.unasked} recorded answers were not asked for.")
    if found.missing is not None:
        output.say(f"Broken off: this was asked and is not recorded: {found.missing}")
    if kept.is_full:
        output.say(NOT_WHOLE)
    elif found.is_whole and found.compared.is_same:
        output.say("The code makes of it what the run made of it.")


def _made(made: Made) -> dict[str, Any]:
    return {
        "status": made.status,
        "message": made.message,
        "rows": list(made.rows.values()),
        "set_aside": made.aside,
        "requests": dict(made.requests),
    }


def _tell_rows(now: Made, recorded: Recorded) -> None:
    place = zone(recorded.connection.timezone)
    rows = sorted(now.rows.values(), key=lambda row: (row["start"], row["pms_id"]))
    if rows:
        output.table(
            ["Id", "Start", "Patient", "Status", "Type", "Sheet"],
            [
                (
                    row["pms_id"],
                    f"{datetime.fromisoformat(row['start']).astimezone(place):%a %d %b %H:%M}",
                    row.get("patient_full_name"),
                    row["status"],
                    row["type_name"],
                    "yes" if row["on_sheet"] else "no",
                )
                for row in rows
            ],
        )


def _tell_differences(compared: Compared) -> None:
    """What another reading of the same answers makes."""
    lines = [
        *((_named(row), "is read no more") for row in compared.only_then),
        *((_named(row), "is read only now") for row in compared.only_now),
        *((key, _changes(fields)) for key, fields in compared.changed.items()),
    ]
    if lines:
        output.table(["Row", "Difference"], lines)
    for one in compared.aside_then:
        output.say(f"Set aside no more: {one}")
    for one in compared.aside_now:
        output.say(f"Set aside only now: {one}")
    if compared.ended is not None:
        output.say(f"It ended as {compared.ended[0]}; now as {compared.ended[1]}")


def _changes(fields: Mapping[str, Sequence[Any]]) -> str:
    told = (f"{name.replace('_', ' ')} {was} to {now}" for name, (was, now) in fields.items())
    return "; ".join(told)


def _named(row: Row) -> str:
    return f"{row['pms_id']}/{row.get('patient_pms_id') or ''}"


def _on_sheet(made: Made) -> int:
    return sum(bool(row["on_sheet"]) for row in made.rows.values())
