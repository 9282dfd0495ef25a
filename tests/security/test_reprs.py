"""What is sent, or came, and who a patient is, stays out of reprs and so out of logs."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("adapters", "domain", "infra", "producers", "scheduler", "workers")
HIDDEN = frozenset(
    {"body", "phone", "email", "date_of_birth", "first_name", "last_name", "notes", "password"}
)


def fields() -> Iterator[tuple[str, str, str]]:
    """Where, name and default of every field of a dataclass."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef) and _is_dataclass(node):
                    yield from _of(node, str(path.relative_to(ROOT)))


def _is_dataclass(node: ast.ClassDef) -> bool:
    return any("dataclass" in ast.unparse(one) for one in node.decorator_list)


def _of(node: ast.ClassDef, where: str) -> Iterator[tuple[str, str, str]]:
    for one in node.body:
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            default = ast.unparse(one.value) if one.value else ""
            yield f"{where} {node.name}", one.target.id, default


def test_no_repr_tells_of_a_patient_or_of_a_body() -> None:
    told = [(where, name, default) for where, name, default in fields() if name in HIDDEN]

    assert len(told) > 20
    assert [f"{where}.{name}" for where, name, default in told if "repr=False" not in default] == []
