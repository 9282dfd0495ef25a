"""The product's command on a machine whose clock is wrong, by as many seconds as a file says.

python -m tests.e2e.off_clock FILE the-command's arguments
"""

import sys
import time
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from apscheduler.schedulers import base

from infra import clock

RIGHT = time.time


class Machine:
    """What such a machine shows; the file may be written anew while it is read."""

    def __init__(self, told: Path) -> None:
        self._told = told

    @property
    def wrong_by(self) -> float:
        return float(self._told.read_text(encoding="ascii"))

    def now(self, zone: tzinfo | None = UTC) -> datetime:
        return datetime.now(zone) + timedelta(seconds=self.wrong_by)

    def time(self) -> float:
        return RIGHT() + self.wrong_by


def main() -> None:
    machine = Machine(Path(sys.argv.pop(1)))
    clock.machine_clock = machine.now
    # What dramatiq's heartbeats and APScheduler's ticks go by.
    time.time = machine.time
    base.datetime = machine
    # What is imported from here on takes the time from there.
    from console.main import main as command  # noqa: PLC0415

    command()


if __name__ == "__main__":
    main()
