"""What happened in a run, one JSON line each, with the wall clock and the machine's own."""

import json
import threading
import time
from pathlib import Path
from typing import Any

Line = dict[str, Any]


class History:
    """Written by many threads; read once all is over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8")

    def note(self, what: str, **told: Any) -> None:
        line = {"what": what, "at": time.time(), "clock": time.monotonic(), **told}
        text = json.dumps(line, default=str)
        with self._lock:
            self._file.write(text + "\n")
            self._file.flush()

    def lines(self) -> list[Line]:
        with self._lock:
            return [json.loads(one) for one in self.path.read_text("utf-8").splitlines()]

    def close(self) -> None:
        self._file.close()
