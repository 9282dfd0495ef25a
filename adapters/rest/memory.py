"""What was followed, kept for a while and never too much of it."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, MutableMapping
from threading import RLock
from typing import Any


class Memory(MutableMapping[str, Any]):
    """The newest `most` values, each for `seconds`; threads may share it.

    Patients are among them: they stay in memory, and not for longer than a quarter of an hour.
    """

    def __init__(
        self,
        *,
        most: int = 5_000,
        seconds: float = 900,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, Any]] = OrderedDict()
        self._lock = RLock()

    def __getitem__(self, key: str) -> Any:
        with self._lock:
            ends, value = self._kept[key]
            if ends <= self._clock():
                del self._kept[key]
                raise KeyError(key)
            return value

    def __setitem__(self, key: str, value: Any) -> None:
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = (self._clock() + self._seconds, value)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def __delitem__(self, key: str) -> None:
        with self._lock:
            del self._kept[key]

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            return iter(list(self._kept))

    def __len__(self) -> int:
        return len(self._kept)
