"""Rules of the house that no linter has, read from the syntax tree."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "adapters",
    "console",
    "domain",
    "infra",
    "migrations",
    "producers",
    "scheduler",
    "simulators",
    "workers",
)
LONGEST_FUNCTION = 40
LONGEST_MODULE = 400
LONG_FUNCTIONS = {
    # An option is a parameter, and every parameter carries its help text.
    "console/connections.py:add",
}
LONG_MODULES: set[str] = set()
READS_THE_ENVIRONMENT = {
    "infra/environment.py",
    # Hands it on to its children unread.
    "infra/supervisor.py",
}
HANDLERS_MAY_IMPORT = ("domain", "infra.stopping", "workers.removals", "workers.walking")
COMMITS = {"commit", "rollback", "begin", "transaction", "dispatch"}


def modules(folder: str = "") -> list[Path]:
    roots = [ROOT / folder] if folder else [ROOT / package for package in PACKAGES]
    found = (path for root in roots for path in root.rglob("*.py"))
    return sorted(path for path in found if "node_modules" not in path.parts)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Walked once, for all the rules."""
    return tuple(ast.walk(tree(path)))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imported(path: Path) -> Iterator[str]:
    """Every module a file imports, as it names it."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def dotted(node: ast.expr) -> str:
    """`datetime.datetime.now` of the expression that says so."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in nodes(path):
        if isinstance(node, ast.Call):
            yield dotted(node.func), node


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def is_product_of(name: str, allowed: tuple[str, ...]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in allowed)


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{named(path)}:{node.name}"
        for path in modules()
        for node in functions(path)
        if lines_of(node) > LONGEST_FUNCTION
    }

    assert long == LONG_FUNCTIONS


def test_the_median_function_is_short() -> None:
    lengths = sorted(lines_of(node) for path in modules() for node in functions(path))

    assert lengths[len(lengths) // 2] <= 10
    assert lengths[len(lengths) * 95 // 100] <= 30


def test_no_module_is_longer_than_it_can_be_read() -> None:
    long = {named(p) for p in modules() if len(p.read_text().splitlines()) > LONGEST_MODULE}

    assert long == LONG_MODULES


@pytest.mark.parametrize("folder", [*PACKAGES, "bench"])
def test_every_module_opens_with_what_it_is_for(folder: str) -> None:
    silent = [
        named(path)
        for path in modules(folder)
        if tree(path).body and not ast.get_docstring(tree(path))
    ]

    assert silent == []


def test_nobody_asks_for_the_time_without_a_zone() -> None:
    naive = [
        f"{named(path)}:{call.lineno}"
        for path in modules()
        for name, call in calls(path)
        if name.endswith(("datetime.now", "datetime.today", "date.today", "datetime.utcnow"))
        and not (call.args or call.keywords)
    ]

    assert naive == []


def test_nobody_but_the_clock_asks_the_machine_for_the_time() -> None:
    asked = {
        named(path)
        for path in modules()
        if path.parts[len(ROOT.parts)] != "simulators"
        for name, _ in calls(path)
        if name.endswith(("datetime.now", "datetime.today", "date.today"))
    }

    assert asked == {"infra/clock.py"}


def test_the_domain_never_asks_for_the_time_or_the_dice() -> None:
    asked = [
        f"{named(path)}:{call.lineno}"
        for path in modules("domain")
        for name, call in calls(path)
        if name.endswith((".now", ".today")) or name.startswith(("time.", "random.", "uuid4"))
    ]

    assert asked == []


def test_no_error_is_swallowed() -> None:
    swallowed = [
        f"{named(path)}:{node.lineno}"
        for path in modules()
        for node in nodes(path)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or dotted(node.type) in {"Exception", "BaseException"})
        and all(isinstance(one, ast.Pass | ast.Continue) for one in node.body)
    ]

    assert swallowed == []


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        named(path)
        for path in modules()
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and dotted(node) in {"os.environ", "os.getenv"}
    }

    assert {path for path in readers if not path.startswith("simulators/")} <= (
        READS_THE_ENVIRONMENT
    )


def test_a_vendor_imports_no_other_vendor() -> None:
    vendors = [path for path in modules("adapters/pms") if path.name != "__init__.py"]
    crossing = {
        f"{named(path)} imports {name}"
        for path in vendors
        for name in imported(path)
        if name.startswith("adapters.pms")
    }

    assert vendors
    assert crossing == set()


def test_only_the_registry_knows_the_vendors() -> None:
    knowing = {
        named(path)
        for path in modules()
        for name in imported(path)
        if name.startswith("adapters.pms.")
    }

    assert knowing <= {"adapters/pms/__init__.py"}


def test_a_handler_sees_ports_not_tools() -> None:
    ours = tuple(PACKAGES)
    seen = {
        f"{named(path)} imports {name}"
        for path in [*modules("workers/handlers"), ROOT / "workers/removals.py"]
        for name in imported(path)
        if is_product_of(name, ours) and not is_product_of(name, HANDLERS_MAY_IMPORT)
    }

    assert seen == set()


def test_a_handler_needs_no_tool_of_others() -> None:
    tools = ("sqlalchemy", "redis", "httpx", "dramatiq", "psycopg", "structlog")
    seen = {
        f"{named(path)} imports {name}"
        for path in [
            *modules("workers/handlers"),
            ROOT / "workers/removals.py",
            ROOT / "workers/walking.py",
            ROOT / "scheduler/due.py",
        ]
        for name in imported(path)
        if is_product_of(name, tools)
    }

    assert seen == set()


def test_no_handler_commits() -> None:
    committing = [
        f"{named(path)}:{call.lineno} {name}"
        for path in modules("workers/handlers")
        for name, call in calls(path)
        if name.rpartition(".")[2] in COMMITS
        and not (name.endswith(".begin") and name.startswith("store."))
    ]

    assert committing == []


def test_only_the_actors_and_the_broker_know_dramatiq() -> None:
    knowing = {
        named(path)
        for path in modules()
        for name in imported(path)
        if is_product_of(name, ("dramatiq",))
    }

    assert knowing <= {
        "adapters/queue.py",
        "infra/broker.py",
        "infra/crash_only.py",
        "workers/actors.py",
    }


def test_imports_are_absolute_and_at_the_top() -> None:
    wrong = {
        f"{named(path)}:{node.lineno}"
        for path in modules()
        for node in nodes(path)
        if (isinstance(node, ast.ImportFrom) and node.level)
        or (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and any(isinstance(one, ast.Import | ast.ImportFrom) for one in ast.walk(node))
        )
    }

    assert wrong == set()
