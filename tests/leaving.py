"""Servers whose test is over: they go by themselves, and nobody waits for that."""

import threading

import uvicorn

from producers.ports import Ports

_GOING: list[threading.Thread] = []


def leave(server: uvicorn.Server, thread: threading.Thread, ports: Ports) -> None:
    """A server looks ten times a second whether it shall go, and rests once more as it does.

    What could meet the next test is stopped before; one server at most is still about to go.
    """
    ports.hub.stop()
    if ports.voice is not None:
        ports.voice.replies.stop()
    server.should_exit = True
    all_gone()
    _GOING.append(thread)


def all_gone() -> None:
    """For whom the last words of a server would be in the way."""
    while _GOING:
        _GOING.pop().join(timeout=10)
