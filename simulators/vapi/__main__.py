"""The vendor as a process: `python -m simulators.vapi`."""

import argparse
import json
import os
import signal
import sys

from simulators.serving import running
from simulators.vapi.simulator import VapiSimulator

PARENT_CHECK_SECONDS = 0.5


def main() -> None:
    """Print one line of JSON when ready, then serve until told to stop or orphaned."""
    flags = argparse.ArgumentParser(description="A pretend Vapi.")
    flags.add_argument("--host", default="127.0.0.1")
    flags.add_argument("--port", type=int, default=0)
    flags.add_argument("--seed", default="7")
    flags.add_argument("--outlive-parent", action="store_true")
    # Flags about a practice's book mean nothing here.
    given, _ = flags.parse_known_args()
    simulator = VapiSimulator(given.seed)
    parent = os.getppid()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: simulator.stopping.set())
    with running(simulator, port=given.port, host=given.host) as url:
        sys.stdout.write(json.dumps(simulator.described(url)) + "\n")
        sys.stdout.flush()
        while not simulator.stopping.wait(PARENT_CHECK_SECONDS):
            if not given.outlive_parent and os.getppid() != parent:
                return


if __name__ == "__main__":
    main()
