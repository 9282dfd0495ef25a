"""What protects the rows beside their tables, as the SQL of the migrations says it."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SQL = Path(__file__).parent / "sql"
TAKEN_BACK = ".down.sql"

_LOOP = re.compile(
    r"FOREACH \w+ IN ARRAY ARRAY\[(?P<names>[^\]]*)\] LOOP(?P<body>.*?)END LOOP", re.DOTALL
)
_NAME = re.compile(r"'(\w+)'")
_STEPS = (
    ("policy", re.compile(r"(?P<verb>CREATE|DROP) POLICY (?P<name>\w+) ON (?P<table>\w+)")),
    (
        "trigger",
        re.compile(r"(?P<verb>CREATE|DROP) TRIGGER (?P<name>\w+) (?:[A-Z ]*)ON (?P<table>\w+)"),
    ),
    (
        "row security of",
        re.compile(r"ALTER TABLE (?P<table>\w+) (?P<verb>NO )?FORCE ROW LEVEL SECURITY"),
    ),
    ("exclusion", re.compile(r"CONSTRAINT (?P<table>\w+) (?P<verb>EXCLUDE)")),
)


@cache
def guards() -> frozenset[str]:
    """Every policy, trigger, forced row security and exclusion there is after the newest one."""
    found = set[str]()
    for part in sorted(SQL.glob("*.sql")):
        if part.name.endswith(TAKEN_BACK):
            continue
        for is_there, name in _steps(part.read_text()):
            if is_there:
                found.add(name)
            else:
                found.discard(name)
    return frozenset(found)


def _steps(sql: str) -> Iterator[tuple[bool, str]]:
    """Each guard that is put up or taken down, in the order it is written."""
    spelled = _LOOP.sub(_unrolled, sql)
    for kind, pattern in _STEPS:
        for one in pattern.finditer(spelled):
            parts = one.groupdict()
            named = f".{parts['name']}" if "name" in parts else ""
            yield parts["verb"] not in {"DROP", "NO "}, f"{kind} {parts['table']}{named}"


def _unrolled(loop: re.Match[str]) -> str:
    """The body once for each of the names, as `format` would fill it in."""
    return "".join(loop["body"].replace("%I", name) for name in _NAME.findall(loop["names"]))
