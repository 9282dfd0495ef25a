"""The vendor's own faults when they are asked for: the next ones, or a share of all."""

import random
import re
import threading
from dataclasses import dataclass, field, replace
from typing import Any

from simulators.advancedmd.troubles import number_of
from simulators.chance import chance, happens


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """After `after` calls whose action matches, the next `times` get the fault."""

    number: int
    action: re.Pattern[str]
    times: int = 1
    after: int = 0


@dataclass(slots=True)
class Scripts:
    seed: object
    scripts: list[Script] = field(default_factory=list)
    dial: dict[int, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._rng = chance("advancedmd", "faults", self.seed)

    def add(self, told: dict[str, Any]) -> None:
        """A script: `code` in either form, `action` as a pattern, `times`, `after`."""
        script = Script(
            number=number_of(int(told["code"])),
            action=re.compile(str(told.get("action", "")), re.IGNORECASE),
            times=int(told.get("times", 1)),
            after=int(told.get("after", 0)),
        )
        with self._lock:
            self.scripts.append(script)

    def turn(self, told: dict[str, float]) -> None:
        with self._lock:
            self.dial.update({number_of(int(code)): float(each) for code, each in told.items()})

    def clear(self) -> None:
        with self._lock:
            self.scripts, self.dial = [], {}

    def pick(self, action: str) -> int | None:
        with self._lock:
            scripted = self._scripted(action)
            return scripted if scripted is not None else self._rolled()

    def _scripted(self, action: str) -> int | None:
        for index, script in enumerate(self.scripts):
            if not script.action.search(action):
                continue
            if script.after:
                self.scripts[index] = replace(script, after=script.after - 1)
                continue
            self.scripts[index] = replace(script, times=script.times - 1)
            self.scripts = [each for each in self.scripts if each.times > 0]
            return script.number
        return None

    def _rolled(self) -> int | None:
        hits = (number for number, share in self.dial.items() if happens(self._rng, share))
        return next(hits, None)

    def told(self) -> dict[str, Any]:
        return {
            "dial": self.dial,
            "scripts": [
                {
                    "code": each.number,
                    "action": each.action.pattern,
                    "times": each.times,
                    "after": each.after,
                }
                for each in self.scripts
            ],
        }
