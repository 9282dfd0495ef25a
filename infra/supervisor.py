"""Keeps child processes alive: starts them, again when they die, ends them; bounds their logs."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Self

import structlog

from infra.embedded.processes import through_shim

LOOK_SECONDS = 0.1
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
STEADY_SECONDS = 10.0
GRACE_SECONDS = 25.0
LONGEST_LOG = 50 * 1024**2
OLDER = ".1"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A process that is always to run; `environment` is laid over ours, `folder` is where."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None


@dataclass(slots=True)
class _Kept:
    child: Child
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    next_start: float = 0.0

    def rest(self, now: float, *, steady: bool) -> None:
        """Longer each time, unless it had run well."""
        self.pause = FIRST_PAUSE if steady else min(self.pause * 2, LONGEST_PAUSE)
        self.next_start = now + (FIRST_PAUSE if steady else self.pause / 2)


class Supervisor:
    """For a `with` statement. Children write to `<logs>/<name>.log`.

    What is longer than `longest_log` bytes is kept beside it, as `<name>.log.1`, until the next.

    One thread starts every child: the kernel ends a child when the thread that started it ends,
    so not even `kill -9` of this process leaves one behind (on Linux).
    """

    def __init__(
        self,
        logs: Path,
        *,
        grace_seconds: float = GRACE_SECONDS,
        longest_log: int = LONGEST_LOG,
    ) -> None:
        self._logs = logs
        self._grace = grace_seconds
        self._longest_log = longest_log
        self._kept: list[_Kept] = []
        self._lock = Lock()
        self._stopping = Event()
        self._thread = Thread(target=self._watch, name="supervisor", daemon=True)

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def add(self, child: Child) -> None:
        with self._lock:
            self._kept.append(_Kept(child))

    def pids(self) -> dict[str, int]:
        """The children that run at this moment."""
        with self._lock:
            running = [one for one in self._kept if one.process and one.process.poll() is None]
            return {one.child.name: one.process.pid for one in running if one.process}

    def stop(self) -> None:
        """Ask every child to end, wait, and then insist; once is enough."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            with self._lock:
                for one in self._kept:
                    self._look_after(one)
                    self._shorten(self._log_of(one.child))
        self._end()

    def _look_after(self, one: _Kept) -> None:
        now = time.monotonic()
        if one.process is not None and one.process.poll() is not None:
            code = one.process.returncode
            _signal(one.process, signal.SIGKILL)
            steady = now - one.started >= STEADY_SECONDS
            one.process = None
            one.rest(now, steady=steady)
            log.warning("child.ended", process=one.child.name, exit_code=code)
        if one.process is None and now >= one.next_start:
            self._start(one, now)

    def _start(self, one: _Kept, now: float) -> None:
        """A machine out of processes, files or room may have some again after the pause."""
        try:
            one.process, one.started = self._spawn(one.child), now
        except OSError as error:
            one.rest(now, steady=False)
            log.warning("child.not_started", process=one.child.name, error=type(error).__name__)
        else:
            log.info("child.started", process=one.child.name, pid=one.process.pid)

    def _spawn(self, child: Child) -> subprocess.Popen[bytes]:
        """In a session of its own, so that Ctrl-C reaches us first and the child when we say so."""
        with self._log_of(child).open("ab") as output:
            return subprocess.Popen(  # noqa: S603 - our own command
                through_shim(list(child.command), identity="self", death_signal=signal.SIGKILL),
                # Handed on as it is, not read.
                env={**os.environ, **child.environment},  # noqa: TID251
                cwd=child.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _log_of(self, child: Child) -> Path:
        return self._logs / f"{child.name}.log"

    def _shorten(self, log: Path) -> None:
        """The child goes on at the end of the same file, wherever that is by then.

        Where there is no room to keep what was written, it goes: the machine needs the room more.
        """
        with suppress(OSError):
            if log.stat().st_size <= self._longest_log:
                return
            with suppress(OSError):
                shutil.copyfile(log, log.with_name(log.name + OLDER))
            os.truncate(log, 0)

    def _end(self) -> None:
        running = [one.process for one in self._kept if one.process is not None]
        for process in running:
            _signal(process, signal.SIGTERM)
        deadline = time.monotonic() + self._grace
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(deadline - time.monotonic(), 0.0))
            _signal(process, signal.SIGKILL)
            process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """To the child and whatever it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
