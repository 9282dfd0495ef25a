"""The product's command on a machine whose clock is wrong, by as many seconds as a file says.

python -m tests.e2e.off_clock FILE the-command's arguments
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra import clock


def wrong_by(told: Path) -> clock.Clock:
    """What such a machine shows; the file may be written anew while it is read."""
    return lambda: datetime.now(UTC) + timedelta(seconds=float(told.read_text(encoding="ascii")))


def main() -> None:
    clock.machine_clock = wrong_by(Path(sys.argv.pop(1)))
    # What is imported from here on takes the time from there.
    from console.main import main as command  # noqa: PLC0415

    command()


if __name__ == "__main__":
    main()
