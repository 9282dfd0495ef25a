"""How soon a status set on the sheet stands in AdvancedMD, off-peak and in real time.

python -m bench amd-push

From the commit of the edit until the simulator's book has it, one edit after the other; the worker
processes, the announcing and the vendor clock are the product's. Each push reads the row, writes it
and reads it back: 3 of the 120 calls a minute.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from statistics import quantiles
from time import monotonic, sleep

from bench.amd_living import Living
from bench.amd_office import Office, at_work, office
from bench.amd_week import SETTLING, WEEK, at

HEADINGS = ("", "pushes", "p50", "p95", "slowest")
SATURDAY_TEN = at(WEEK.first + timedelta(days=1), (10, 0))
PUSHES, WORKERS, VISITS = 36, 4, 120
LOOK_SECONDS = 0.01
PAUSE_SECONDS = 1.0
TOO_LATE = 30.0


def rows() -> Iterator[Sequence[str]]:
    found = sorted(measured())
    cuts = quantiles(found, n=20)
    told = (cuts[9], cuts[18], found[-1])
    yield ("edit to AdvancedMD", str(len(found)), *(f"{one:.2f} s" for one in told))


def measured(*, pushes: int = PUSHES) -> list[float]:
    """Seconds of each."""
    day = SATURDAY_TEN.date()
    with (
        office([day], visits=VISITS, begins=SATURDAY_TEN) as here,
        at_work(here, processes=WORKERS),
    ):
        Living(here).rest(SETTLING)
        visits = here.visits(day)[:pushes]
        return [_pushed(here, pms_id) for pms_id in visits]


def _pushed(here: Office, pms_id: str) -> float:
    sleep(PAUSE_SECONDS)
    version = here.told("changes")["version"]
    began = monotonic()
    here.change_here(pms_id, "arrived")
    while not here.told("changes", since=version)["changes"]:
        if monotonic() - began > TOO_LATE:
            raise TimeoutError("a push did not arrive")
        sleep(LOOK_SECONDS)
    return monotonic() - began
