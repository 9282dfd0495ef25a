"""A run in one table."""

import statistics
from collections import Counter
from collections.abc import Sequence

from tests.chaos.checker import KINDS
from tests.chaos.plan import KINDS as FAULTS
from tests.chaos.run import Outcome


def share(values: Sequence[float], part: float) -> float:
    """The value that so large a part of all does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else 0.0


def table(run: Outcome) -> str:
    lines = [f"seed {run.seed}, {run.faults} faults", ""]
    lines += [f"{'rows compared':<44}{run.verdict.rows:>8}"]
    lines += [f"{'manual edits':<44}{run.verdict.edits:>8}"]
    lines += [f"{'  contradicted by the practice':<44}{contradictions(run):>8}"]
    lines += [f"{'OCR writes':<44}{run.verdict.readings:>8}"]
    lines += [f"{'syncs put':<44}{sum(one['what'] == 'sync' for one in run.history):>8}"]
    lines += [f"{kind:<44}{run.verdict.count(kind):>8}" for kind in KINDS]
    return "\n".join([*lines, *_judged(run), *_voice(run), *_recovery(run), *_fired(run)])


def violations(run: Outcome) -> int:
    return sum(one["violations"] for one in run.history if one["what"] == "judged")


def contradictions(run: Outcome) -> int:
    return sum(one["what"] == "contradiction" for one in run.history)


def canaries(run: Outcome) -> int:
    return sum(one["hits"] for one in run.history if one["what"] == "scanned")


def _judged(run: Outcome) -> list[str]:
    asked = Counter(one["vendor"] for one in run.history if one["what"] == "request")
    wanted = max(one["wanted"] for one in run.history if one["what"] == "scanned")
    return [
        f"{'rate violations, as the vendors judge':<44}{violations(run):>8}",
        *(f"{'  requests to ' + name:<44}{count:>8}" for name, count in sorted(asked.items())),
        f"{f'canary hits, of {wanted} strings':<44}{canaries(run):>8}",
    ]


def _voice(run: Outcome) -> list[str]:
    calls = [one for one in run.history if one["what"] == "call"]
    seconds = [one["seconds"] for one in calls if one["status"] == "200"]
    statuses = Counter(one["status"] for one in calls)
    return [
        f"{'webhook calls':<44}{len(calls):>8}",
        *(f"{'  answered ' + name:<44}{count:>8}" for name, count in sorted(statuses.items())),
        f"{'voice p95, s':<44}{share(seconds, 0.95):>8.2f}",
        f"{'voice p99, s':<44}{share(seconds, 0.99):>8.2f}",
    ]


def _recovery(run: Outcome) -> list[str]:
    found: dict[str, list[float]] = {}
    never: Counter[str] = Counter()
    for one in run.history:
        if one["what"] == "recovered" and one["seconds"] is None:
            never[one["kind"]] += 1
        elif one["what"] == "recovered":
            found.setdefault(one["kind"], []).append(one["seconds"])
    heading = f"{'recovery, s':<44}{'n':>8}{'p50':>8}{'p100':>8}{'never':>8}"
    return [
        heading,
        *(
            f"  {kind:<42}{len(each):>8}{statistics.median(each):>8.1f}{max(each):>8.1f}"
            f"{never[kind]:>8}"
            for kind, each in sorted(found.items())
        ),
    ]


def _fired(run: Outcome) -> list[str]:
    planned = Counter(one["kind"] for one in run.history if one["what"] == "fault")
    met = Counter(one["fault"] for one in run.history if one["what"] == "request" and one["fault"])
    heading = f"{'faults':<60}{'done':>8}"
    return [
        heading,
        *(f"  {one.name:<58}{planned[one.name]:>8}" for one in FAULTS),
        f"met by requests: {', '.join(f'{name} {count}' for name, count in sorted(met.items()))}",
    ]
