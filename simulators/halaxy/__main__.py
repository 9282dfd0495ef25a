"""The vendor as a process: `python -m simulators.halaxy`."""

from simulators.halaxy.simulator import LIMITS, HalaxySimulator
from simulators.launch import launch

if __name__ == "__main__":
    launch("halaxy", HalaxySimulator, limits=LIMITS)
