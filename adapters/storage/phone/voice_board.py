"""How soon callers were answered: by the hour and by tool, by whom, too late, or turned away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import text

HOURS = 24

# Whoever was answered heard something: the seconds are of all of them, whoever answered.
_COUNTED = """
    count(*) FILTER (WHERE state = 'answered') AS answered,
    count(*) FILTER (WHERE state = 'withdrawn') AS fallback,
    count(*) FILTER (WHERE state = 'late') AS late,
    count(*) FILTER (WHERE state IN ('waiting', 'claimed')) AS waiting,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY took) AS p50,
    percentile_disc(0.95) WITHIN GROUP (ORDER BY took) AS p95,
    max(took) AS longest
"""
_ANSWERED = text(
    f"""
    WITH asked AS (
      SELECT date_trunc('hour', created_at) AS hour, tool, state,
             greatest(0, extract(epoch FROM answered_at - created_at))::float AS took
      FROM tool_calls
      WHERE created_at >= date_trunc('hour', now()) - make_interval(hours => :hours - 1)
        AND NOT starts_with(tool, 'api.')
    )
    SELECT hour, tool, {_COUNTED} FROM asked
    GROUP BY GROUPING SETS ((hour), (tool), ())
    """  # noqa: S608 - this module's own words
)
_TURNED = text(
    """
    SELECT date_trunc('hour', minute) AS hour, tool, sum(calls)::int AS calls FROM turned_away
    WHERE minute >= date_trunc('hour', now()) - make_interval(hours => :hours - 1)
    GROUP BY 1, 2
    """
)
_TURN_AWAY = text(
    """
    INSERT INTO turned_away (account_id, minute, tool, calls)
    VALUES (:account_id, date_trunc('minute', CAST(:at AS timestamptz)), :tool, :calls)
    ON CONFLICT (account_id, minute, tool) DO UPDATE SET
      calls = turned_away.calls + EXCLUDED.calls
    """
)
_NOW = text("SELECT date_trunc('hour', now()) AS hour, now() AS at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """So many questions of callers, by what became of them; seconds from question to answer.

    `fallback` were answered in a worker's place because none was free in time, `late` because the
    worker took too long; `turned_away` were not even kept.
    """

    answered: int = 0
    fallback: int = 0
    late: int = 0
    waiting: int = 0
    turned_away: int = 0
    p50: float | None = None
    p95: float | None = None
    longest: float | None = None

    @property
    def asked(self) -> int:
        return self.answered + self.fallback + self.late + self.waiting + self.turned_away


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """One hour, from `at` on."""

    at: datetime
    answers: Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One of the tools callers are answered with."""

    tool: str
    answers: Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """The last 24 hours, the oldest first; tools by how much they are asked."""

    hours: Sequence[Hour]
    tools: Sequence[Tool]
    total: Answers
    at: datetime


def read_deadlines(db: Db) -> Deadlines:
    """Of the account; nothing of what was asked or answered is read."""
    now = db.execute(_NOW).one()
    rows = db.execute(_ANSWERED, {"hours": HOURS}).mappings().all()
    turned = [(row.hour, row.tool, row.calls) for row in db.execute(_TURNED, {"hours": HOURS})]
    by_hour = {row["hour"]: row for row in rows if row["hour"]}
    by_tool = {row["tool"]: row for row in rows if row["tool"]}
    hours = [now.hour - timedelta(hours=ago) for ago in range(HOURS - 1, -1, -1)]
    tools = {*by_tool, *(tool for _, tool, _ in turned)}
    found = [
        Tool(tool=one, answers=_answers(by_tool.get(one), [t for t in turned if t[1] == one]))
        for one in sorted(tools)
    ]
    return Deadlines(
        hours=[
            Hour(at=one, answers=_answers(by_hour.get(one), [t for t in turned if t[0] == one]))
            for one in hours
        ],
        tools=sorted(found, key=lambda one: -one.answers.asked),
        total=_answers(next(row for row in rows if not row["hour"] and not row["tool"]), turned),
        at=now.at,
    )


def turn_away(db: Db, tools: Mapping[str, int], *, account_id: str, at: datetime) -> None:
    """So many questions of each tool could not be taken on; in the account's transaction."""
    for tool, calls in sorted(tools.items()):
        values = {"account_id": account_id, "at": at, "tool": tool, "calls": calls}
        db.execute(_TURN_AWAY, values)


def _answers(row: Any, turned: Sequence[tuple[datetime, str, int]]) -> Answers:
    counted = {} if row is None else {key: row[key] for key in row if key not in {"hour", "tool"}}
    return Answers(**counted, turned_away=sum(calls for _, _, calls in turned))
