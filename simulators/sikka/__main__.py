"""The vendor as a process: `python -m simulators.sikka`."""

from simulators.launch import launch
from simulators.sikka.simulator import DOCUMENTED, SikkaSimulator

if __name__ == "__main__":
    launch(
        "sikka",
        SikkaSimulator,
        limits=DOCUMENTED,
        defaults={"timezone": "America/New_York", "tenants": 4},
    )
