"""The vendor as a process: `python -m simulators.gentu`."""

from simulators.gentu.simulator import GentuSimulator
from simulators.launch import launch

if __name__ == "__main__":
    launch("gentu", GentuSimulator)
