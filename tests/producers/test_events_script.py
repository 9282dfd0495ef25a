"""The pages' scripts hear of everything that the server announces, and of nothing else."""

import re
from pathlib import Path
from typing import get_args

import producers.pages
from adapters.storage.sheet_events import Kind

SCRIPTS = Path(producers.pages.__file__).parent / "static"
ANNOUNCED = {*get_args(Kind), "reload"}
OF_THE_STREAM = {"open", "error"}


def kinds_of(script: Path) -> set[str]:
    (told,) = re.findall(r"const KINDS = \[(.*?)\]", script.read_text(), flags=re.DOTALL)
    return set(re.findall(r'"(\w+)"', told))


def test_pages_that_look_on_hear_of_every_kind_of_event() -> None:
    assert kinds_of(SCRIPTS / "events.js") == ANNOUNCED


def test_no_script_waits_for_an_event_that_nobody_announces() -> None:
    heard = {
        script.name: {
            *(kinds_of(script) if "const KINDS = [" in script.read_text() else ()),
            *re.findall(r'source\.addEventListener\("(\w+)"', script.read_text()),
        }
        for script in SCRIPTS.glob("*.js")
        if "new EventSource(" in script.read_text()
    }

    assert {"events.js", "live.js", "deliveries.js"} <= set(heard)
    assert all(kinds <= ANNOUNCED | OF_THE_STREAM for kinds in heard.values()), heard
