"""What `pms-sync doctor` says of each thing it looked at."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warning", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it stands, and what to do where that is not well."""

    what: str
    verdict: Verdict
    told: str
