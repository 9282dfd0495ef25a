"""Measures what the sheet of a large group costs: its pages and answers, by their own process.

python -m bench wide [--columns 1000]. The rows are written as syncs would have left them; the
ingress is the product's own, on durable servers. Each answer is asked for once to warm up and then
three times; the slowest counts, the CPU of one and the most memory that the process held.
"""

import os
import re
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import httpx
from sqlalchemy import text

from adapters.storage.people.sessions import make_login_link
from bench import wide_rows
from bench.stage import ACCOUNT
from bench.voice_told import Row
from bench.wide_rows import Group
from console.processes import children
from console.wiring import Wiring, wired
from domain.people import Role
from infra.clock import system_clock
from infra.database import dispatch, transaction
from infra.supervisor import Supervisor

HEADINGS: Row = ("what", "columns", "status", "kB", "elements", "seconds", "CPU s", "MB at most")
SMALL, TIMES, DAYS = 40, 3, 7
PATIENCE, LOOK_SECONDS = 300.0, 0.1
UNBOUNDED = {"READ_ROWS_AN_HOUR": "100000000", "READ_ROWS_A_DAY": "100000000"}
ELEMENT = re.compile(rb"<[a-z]")


def rows(*, columns: int) -> Iterator[Row]:
    """An ordinary account first, then one of so many columns."""
    for size in (SMALL, columns):
        group = Group(account_id=ACCOUNT, columns=size, practices=min(20, size))
        with _served(group) as (client, pid):
            for name, path in _asked(wide_rows.today()).items():
                yield (name, f"{size:,}", *_measured(client, path, pid))


def _asked(today: date) -> Mapping[str, str]:
    week = f"from={today}&to={today + timedelta(days=DAYS - 1)}"
    return {
        "the page": "/",
        "the next part of it": "/?practice=&part=2",
        "a live update": f"/sheet?date={today}",
        "conflicts": "/conflicts",
        "sync": "/sync",
        "connections": "/connections",
        "queues": "/queues",
        "deliveries": "/deliveries",
        "audit": "/audit",
        "summary": "/summary",
        "settings": "/settings",
        "API: the day": f"/api/run-sheet?date={today}",
        "API: a week": f"/api/run-sheet?{week}",
        "API: a page of a week": f"/api/run-sheet?{week}&limit=200",
        "API: changes": "/api/run-sheet/changes?limit=200",
        "API: sync": "/api/run-sheet/sync",
    }


def _measured(client: httpx.Client, path: str, pid: int) -> Row:
    answer = client.get(path)
    _forget_peak(pid)
    before, took = _cpu(pid), list[float]()
    for _ in range(TIMES):
        started = time.monotonic()
        answer = client.get(path)
        took.append(time.monotonic() - started)
    size = len(answer.content) / 1000
    elements = (
        len(ELEMENT.findall(answer.content)) if "html" in answer.headers["content-type"] else 0
    )
    spent, peak = (_cpu(pid) - before) / TIMES, _peak(pid)
    numbers = (f"{max(took):.2f}", f"{spent:.2f}", f"{peak:.0f}")
    return (f"{answer.status_code}", f"{size:,.0f}", f"{elements:,}", *numbers)


@contextmanager
def _served(group: Group) -> Iterator[tuple[httpx.Client, int]]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pms-sync-bench-")))
        wiring = stack.enter_context(wired(home=home))
        days = [wide_rows.today() + timedelta(days=one) for one in range(DAYS)]
        with transaction(wiring.engine) as db:
            wide_rows.write(db, wiring.entry_seal(group.account_id), group, days)
        with wiring.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
            db.execute(text("ANALYZE"))
        port = _free_port()
        supervisor = stack.enter_context(Supervisor(home / "logs"))
        base = f"http://127.0.0.1:{port}"
        processes = {one.name: one for one in children(wiring, port=port, base_url=base)}
        ingress = processes["ingress"]
        supervisor.add(replace(ingress, environment={**ingress.environment, **UNBOUNDED}))
        client = stack.enter_context(httpx.Client(base_url=base, timeout=PATIENCE, trust_env=False))
        _wait_until_alive(client)
        _sign_in(client, wiring, group.account_id)
        yield client, _server_of(supervisor.pids()["ingress"])


def _wait_until_alive(client: httpx.Client) -> None:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        with suppress(httpx.TransportError):
            client.get("/healthz").raise_for_status()
            return
        time.sleep(LOOK_SECONDS)
    raise TimeoutError("the ingress does not answer")


def _sign_in(client: httpx.Client, wiring: Wiring, account_id: str) -> None:
    with dispatch(wiring.engine) as db:
        token = make_login_link(
            db, account_id=account_id, name="Sam Owner", role=Role.OWNER, now=system_clock()
        )
    client.post("/login", data={"token": token})


def _server_of(pid: int) -> int:
    """Between us and the server there may be a process that only looks after it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return _server_of(int(children[0])) if children else pid


def _cpu(pid: int) -> float:
    """Seconds the process has worked, in all of its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _peak(pid: int) -> float:
    """The most memory the process held since, in MB."""
    told = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", told)
    return int(found[1]) / 1000 if found else 0.0


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
