"""Where `pms-sync` begins: signals are heard from the first moment, and what is said is shown."""

import os
import signal
import sys
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path

INTERRUPTED = 130


def main() -> None:
    # Logs, heads of the audit, sockets: whatever is written, by what is started too, is its user's.
    os.umask(0o077)
    # The first process of a container hears no signal that it has no word for.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Whoever closed one of them wants nothing said there.
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 - to the very end
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a letter of a name shows the rest of it.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        # Loading takes a moment: whoever changes their mind in it is shown no traceback.
        code = import_module("console.running").run(sys.argv[1:])
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)


if __name__ == "__main__":
    main()
