"""The vendor as a process: `python -m simulators.advancedmd`."""

from simulators.advancedmd.simulator import COUNTRY, AdvancedmdSimulator
from simulators.launch import launch

if __name__ == "__main__":
    launch(
        "advancedmd",
        AdvancedmdSimulator,
        limits=(),
        defaults={"timezone": COUNTRY, "tenants": 2},
    )
