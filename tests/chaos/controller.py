"""Does the faults when they are due, starts again what died, and times how long that took."""

import heapq
import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.database import DatabaseAway
from tests.chaos.line import Mode
from tests.chaos.plan import Fault
from tests.chaos.vendors import Vendor
from tests.chaos.world import World

TICK = 0.1
REORDERED_SECONDS = 4.0
WORTH_WAITING_SECONDS = 1.0
UNMET_SECONDS = 40.0
HURRY_SECONDS = 20.0
SUPERVISOR_SECONDS = 1.0
CLOCK_SECONDS = 10.0
WORKERS = ("worker-voice-0", "worker-all-1", "worker-all-2")
PARTS = {"scheduler": ("scheduler",), "ingress": ("ingress", "ingress-2")}
NEVER = 120.0
"""Whoever has not recovered by then is written down as not having."""


@dataclass
class Watch:
    """Something that has to come back, and since when."""

    kind: str
    since: float
    is_back: Callable[[], bool]


@dataclass
class Controller:
    """Runs in the main thread, which alone may start servers."""

    world: World
    faults: Sequence[Fault]
    seconds: float
    seed: int
    _later: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _watched: list[Watch] = field(default_factory=list)
    _down: set[str] = field(default_factory=set)
    _number: int = 0
    _hurried: float = 0.0
    _set: float = 0.0

    def run(self) -> None:
        began, waiting, kept_up = time.monotonic(), list(self.faults), 0.0
        ends = began + self.seconds + UNMET_SECONDS
        while waiting or self._later or self._watched or self._are_unmet(until=ends):
            now = time.monotonic()
            while waiting and began + waiting[0].at * self.seconds <= now:
                self._do(waiting.pop(0))
            while self._later and self._later[0][0] <= now:
                heapq.heappop(self._later)[2]()
            if now - kept_up >= SUPERVISOR_SECONDS:
                self.world.keep_up()
                kept_up = now
            self._set_clocks(now)
            self._look()
            time.sleep(TICK)

    def _are_unmet(self, *, until: float) -> bool:
        """Whether faults still wait for a request; whoever they wait for is synced again."""
        if time.monotonic() > until:
            return False
        unmet = [one for one in self.world.vendors if one.ask("faults")["scripts"]]
        if time.monotonic() - self._hurried > HURRY_SECONDS:
            self._hurried = time.monotonic()
            for practice in self.world.practices:
                if practice.vendor in unmet:
                    self.world.put_sync(practice)
        return bool(unmet)

    def _set_clocks(self, now: float) -> None:
        """Every so often one machine's clock jumps."""
        if now - self._set >= CLOCK_SECONDS:
            self.world.set_clock(self.world.dice.choice(sorted(self.world.processes)))
            self._set = now

    def heal(self) -> None:
        """Everything in order, for good."""
        for one in self.world.vendors:
            one.heal()
            one.line.turn(Mode.WHOLE)
        self.world.keep_up()

    def _at(self, seconds: float, act: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._later, (time.monotonic() + seconds, self._number, act))

    def _do(self, fault: Fault) -> None:
        self.world.history.note("fault", kind=fault.kind, **fault.variant)
        if fault.of_vendor:
            self._trouble_vendor(fault)
        elif "server" in fault.variant:
            self._stop_server(fault)
        elif "stall" in fault.variant:
            self._stall(fault)
        else:
            self._end_process(fault)

    def _trouble_vendor(self, fault: Fault) -> None:
        dice = random.Random(fault.pick)  # noqa: S311 - a test's dice
        variant = fault.variant
        # All practices at Gentu share one allowance, and those at Halaxy another: where one is
        # refused without a time, all of them wait.
        shared = {"gentu", "halaxy"} if variant.get("fault") == "429-bare" else {"gentu"}
        weights = [1 if one.name in shared else 4 for one in self.world.vendors]
        (chosen,) = dice.choices(self.world.vendors, weights)
        if "line" in variant:
            chosen.line.turn(Mode(variant["line"]))
            self.world.history.note("line", vendor=chosen.name, seconds=variant["seconds"])
            self._at(variant["seconds"], lambda: chosen.line.turn(Mode.WHOLE))
        elif "expire" in variant:
            # A token of Medirecords is a practice's own, and revoked it is gone for good.
            renewed = [one for one in self.world.vendors if one.name != "medirecords"]
            dice.choice(renewed).tell("expire-tokens")
        elif "order" in variant:
            ordered = [one for one in self.world.vendors if one.name != "sikka"]
            self._reorder(dice.choice(ordered))
        elif "move" in variant:
            self._move_row(chosen, dice)
        else:
            chosen.tell("faults", {"scripts": [dict(variant)]})

    def _reorder(self, vendor: Vendor) -> None:
        """From now on, so in the middle of whatever is read, pages come in another order."""
        _tell(vendor, "start")
        self._at(REORDERED_SECONDS, lambda: _tell(vendor, "none"))

    def _move_row(self, vendor: Vendor, dice: random.Random) -> None:
        """Somebody moves appointments about while their pages are read."""
        tenant = dice.choice(vendor.tenants)["tenantId"]
        one = next(each for each in self.world.practices if each.tenant == tenant)
        rows = [row for row in vendor.truth(tenant)["appointments"] if row["meaning"] == "booked"]
        for row in dice.sample(rows, min(2, len(rows))):
            vendor.tell(f"appointments/{row['id']}", {"action": "reschedule", "minutes": 5})
            self.world.history.note(
                "vendor change",
                connection=str(one.id),
                kind="reschedule",
                appointment=row["id"],
                patient=None,
            )

    def _stop_server(self, fault: Fault) -> None:
        server = fault.variant["server"]
        if server in self._down:
            self._at(2, lambda: self._stop_server(fault))
            return
        self._down.add(server)
        servers = self.world.servers
        if server == "redis":
            servers.kill_redis(signal.SIGKILL)
        else:
            servers.kill_postgres(signal.Signals[fault.variant["signal"]])
        self._at(fault.variant["seconds"], lambda: self._start_server(fault))

    def _start_server(self, fault: Fault) -> None:
        server = fault.variant["server"]
        if server == "redis":
            self.world.servers.start_redis()
        else:
            self.world.servers.start_postgres()
        self._down.discard(server)
        self._watch(fault.kind, self._work_goes_on())

    def _stall(self, fault: Fault) -> None:
        """The server is frozen, and goes on as if nothing had been."""
        if "redis" in self._down:
            self._at(2, lambda: self._stall(fault))
            return
        self._down.add("redis")
        started = self.world.servers.started
        assert started is not None
        process = started.valkey.process
        assert process is not None
        process.send_signal(signal.SIGSTOP)

        def go_on() -> None:
            process.send_signal(signal.SIGCONT)
            self._down.discard("redis")
            self._watch(fault.kind, self._work_goes_on())

        self._at(fault.variant["stall"], go_on)

    def _end_process(self, fault: Fault) -> None:
        dice = random.Random(fault.pick)  # noqa: S311 - a test's dice
        part = fault.variant.get("part")
        name = dice.choice(PARTS[part] if part else self._busy() or WORKERS)
        process = self.world.processes[name]
        held = self._held_by(name) if name in WORKERS else {}
        if "SIGTERM" in fault.kind and process.is_alive():
            process.signal(signal.SIGTERM)
        else:
            process.kill()
        if held:
            self._watch(fault.kind, lambda: self._was_taken_over(held))
        elif part == "ingress":
            self._watch(f"{fault.kind}: ingress", self.world.are_doors_open)
        elif part == "scheduler":
            self._watch(f"{fault.kind}: scheduler", self._work_goes_on())

    def _watch(self, kind: str, is_back: Callable[[], bool]) -> None:
        self._watched.append(Watch(kind, time.monotonic(), is_back))

    def _look(self) -> None:
        """Which of those that were away are back."""
        now = time.monotonic()
        for one in list(self._watched):
            try:
                is_back = one.is_back()
            except DatabaseAway:
                is_back = False
            if is_back or now - one.since > NEVER:
                self._watched.remove(one)
                seconds = round(now - one.since, 2) if is_back else None
                self.world.history.note("recovered", kind=one.kind, seconds=seconds)

    def _busy(self) -> list[str]:
        """The workers that have something under way, to be killed in its middle."""
        ends = time.monotonic() + WORTH_WAITING_SECONDS
        while not (found := [name for name in WORKERS if self._held_by(name)]):
            if time.monotonic() > ends or "postgres" in self._down:
                break
            time.sleep(0.05)
        return found

    def _held_by(self, name: str) -> dict[int, int]:
        """The jobs a worker has under way, with their fences, as far as the database can tell."""
        process = self.world.processes[name]
        if "postgres" in self._down or not process.is_alive():
            return {}
        assert process.running is not None
        pid = process.running.pid
        try:
            rows: Sequence[Any] = self.world.asked(
                "SELECT id, fence FROM jobs WHERE state = 'running'"
                " AND split_part(worker, ':', 2) = :pid",
                pid=str(pid),
            )
        except DatabaseAway:
            return {}
        return {row.id: row.fence for row in rows}

    def _was_taken_over(self, held: dict[int, int]) -> bool:
        """All of them by another attempt, or ended, or put back until the vendor may be asked."""
        if "postgres" in self._down:
            return False
        rows = self.world.asked(
            "SELECT id, fence, state NOT IN ('ready', 'running')"
            " OR (state = 'ready' AND due_at > now())"
            " AS is_settled FROM jobs WHERE id = ANY(:ids)",
            ids=list(held),
        )
        return all(row.fence > held[row.id] or row.is_settled for row in rows)

    def _work_goes_on(self) -> Callable[[], bool]:
        """Whether any job was claimed since now."""
        marks: dict[str, int] = {}

        def goes_on() -> bool:
            if "postgres" in self._down:
                return False
            fences = int(self.world.asked("SELECT sum(fence) AS sum FROM jobs")[0].sum or 0)
            return fences > marks.setdefault("before", fences)

        return goes_on


def _tell(vendor: Vendor, order: str) -> None:
    vendor.tell("knobs", {"order": order})
