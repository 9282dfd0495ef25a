"""The pages' scripts hear of everything that the server announces, and of nothing else."""

import re
from pathlib import Path
from typing import get_args

import producers.pages
from adapters.storage.sheet.sheet_events import Kind

SCRIPTS = Path(producers.pages.__file__).parent / "static"
ANNOUNCED = {*get_args(Kind)}
OF_THE_STREAM = {"reload", "heartbeat", "goodbye", "error"}


def kinds_of(script: Path) -> set[str]:
    (told,) = re.findall(r"const KINDS = \[(.*?)\]", script.read_text(), flags=re.DOTALL)
    return set(re.findall(r'"(\w+)"', told))


def test_the_stream_of_a_browser_hears_of_every_kind_of_event() -> None:
    assert kinds_of(SCRIPTS / "stream.js") == ANNOUNCED


def test_no_script_waits_for_an_event_that_nobody_announces() -> None:
    stream = (SCRIPTS / "stream.js").read_text()
    heard = set(re.findall(r'source\.addEventListener\("(\w+)"', stream))

    assert heard == OF_THE_STREAM
    assert kinds_of(SCRIPTS / "deliveries.js") <= ANNOUNCED | {"reload", "open"}


def test_windows_open_no_streams_of_their_own() -> None:
    """A browser has six connections to a host: a stream for each window would use them up."""
    opened = [one.name for one in SCRIPTS.glob("*.js") if "new EventSource(" in one.read_text()]

    assert opened == ["stream.js"]
