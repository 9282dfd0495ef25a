"""How running work learns that its process is stopping, and waits without sleeping deaf."""

import signal
from dataclasses import dataclass, field
from threading import Event

from domain.errors import SyncError

NAP_SECONDS = 0.5


class HandBack(SyncError):
    """The process is stopping: give the job back at this clean point."""

    action = "wait"


@dataclass(frozen=True, slots=True)
class Stopping:
    """Set once, when the process was asked to stop."""

    _event: Event = field(default_factory=Event)

    def ask(self) -> None:
        self._event.set()

    def obey_signals(self) -> None:
        """Have SIGTERM and SIGINT ask; for the main thread of a process."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.ask())

    @property
    def asked(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Between two steps of a handler: the point where a job may be handed back."""
        if self.asked:
            raise HandBack("the worker is stopping")

    def wait(self, seconds: float) -> None:
        """Wait that long, or until the process is asked to stop."""
        if self._event.wait(seconds):
            self.check()

    def pause(self, seconds: float) -> bool:
        """Wait that long; whether it was cut short because the process is stopping."""
        return self._event.wait(seconds)

    def until_asked(self) -> None:
        """Wait as long as the process runs; in short naps, so that signals are heard."""
        while not self._event.wait(NAP_SECONDS):
            continue
