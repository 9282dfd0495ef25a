"""Runs one load by a peer, alone in its process, and prints what it took as JSON.

Only the standard library, so that a peer can be run by an interpreter of its own environment.
"""

import json
import os
import sys
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SCHEMA, TABLE = "gentu", "appointments"
"""Where every peer puts the rows, one for each appointment the vendor lists."""
PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The practice, the window asked for, and where its appointments are to be."""

    url: str
    tenant: str
    client_id: str
    client_secret: str
    first: str
    last: str
    database_url: str
    home: str

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    @property
    def token_url(self) -> str:
        return f"{self.base_url}/oauth2/token"

    @property
    def practitioners(self) -> str:
        return f"tenants/{self.tenant}/practitioners"

    @property
    def appointments(self) -> str:
        return f"tenants/{self.tenant}/appointments"

    @property
    def basic(self) -> str:
        """The vendor takes the client by HTTP Basic only."""
        return f"Basic {b64encode(f'{self.client_id}:{self.client_secret}'.encode()).decode()}"

    @property
    def params(self) -> dict[str, str | int]:
        """What a listing is asked for besides its practitioner and its cursor."""
        return {
            "fromDate": self.first,
            "toDate": self.last,
            "limit": PAGE,
            "include": "patients,practitioners",
        }


@dataclass(frozen=True, slots=True)
class Used:
    """What a second process of a peer took besides."""

    cpu: float = 0.0
    rss_mb: float = 0.0


def main(load: Callable[[Wanted], Used]) -> None:
    """Interpreter and imports are there by now and are not counted."""
    wanted = Wanted(**json.loads(sys.argv[1]))
    started, cpu = time.perf_counter(), time.process_time()
    besides = load(wanted)
    took = {
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - cpu + besides.cpu,
        "rss_mb": peak_mb() + besides.rss_mb,
    }
    sys.stdout.write(json.dumps(took) + "\n")


def peak_mb() -> float:
    """The most memory this process held."""
    told = Path(f"/proc/{os.getpid()}/status").read_text(encoding="ascii")
    line = next(line for line in told.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
