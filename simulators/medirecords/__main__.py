"""The vendor as a process: `python -m simulators.medirecords`."""

from simulators.launch import launch
from simulators.medirecords.simulator import MedirecordsSimulator

if __name__ == "__main__":
    launch("medirecords", MedirecordsSimulator)
