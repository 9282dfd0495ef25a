"""What was followed, kept for a while and never too much of it."""

import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, MutableMapping
from threading import RLock
from typing import Any

MOST_BYTES = 32 * 1024 * 1024
"""Some thousand patients as vendors describe them; a vendor may as well send megabytes of one."""


class Memory(MutableMapping[str, Any]):
    """The newest `most` values, or as many as `most_bytes` hold, each for `seconds`.

    Threads may share it.

    Patients are among them: they stay in memory, and not for longer than a quarter of an hour.
    """

    def __init__(
        self,
        *,
        most: int = 5_000,
        most_bytes: int = MOST_BYTES,
        seconds: float = 900,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, int, Any]] = OrderedDict()
        self._bytes = 0
        self._lock = RLock()

    def __getitem__(self, key: str) -> Any:
        with self._lock:
            ends, _, value = self._kept[key]
            if ends <= self._clock():
                del self[key]
                raise KeyError(key)
            return value

    def __setitem__(self, key: str, value: Any) -> None:
        size = _size(value)
        with self._lock:
            if key in self._kept:
                del self[key]
            self._kept[key] = (self._clock() + self._seconds, size, value)
            self._bytes += size
            # The newest stays whatever its size: it is what is needed next.
            while len(self._kept) > self._most or (len(self._kept) > 1 and self._is_too_much):
                del self[next(iter(self._kept))]

    def __delitem__(self, key: str) -> None:
        with self._lock:
            _, size, _ = self._kept.pop(key)
            self._bytes -= size

    @property
    def _is_too_much(self) -> bool:
        return self._bytes > self._most_bytes

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            return iter(list(self._kept))

    def __len__(self) -> int:
        return len(self._kept)


def _size(value: Any) -> int:
    """What it takes of memory, with all that is in it."""
    found, waiting = 0, [value]
    for one in waiting:
        found += sys.getsizeof(one)
        if isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one
    return found
