"""Keeps the tables of benches in one file, with where and when each was measured."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def machine() -> str:
    """Its size, the interpreter, and how busy it is."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, load {load}"


def keep(path: Path, name: str, *, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """One bench's table in its place; those of other runs stay."""
    measured = {
        "machine": machine(),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "headings": list(headings),
        "rows": [list(row) for row in rows],
    }
    path.write_text(json.dumps({**read(path), name: measured}, indent=1), encoding="utf-8")


def read(path: Path) -> Mapping[str, Any]:
    """Each bench's last table by its name; empty where nothing was kept yet."""
    if not path.exists():
        return {}
    kept: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return kept


def markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as the documents have them."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
