"""A recording that is opened to be played."""

import json
import tracemalloc
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from adapters.playing import Player, Recorded
from domain.connections import Connection
from domain.recordings import Question
from domain.sheet import as_json
from tests.contract.kit import NOW

PAGES = 40
LARGE = json.dumps([{"id": number, "name": "Ann Example"} for number in range(20_000)]).encode()
CONNECTION = Connection(
    id=UUID(int=1), account_id="a", vendor="gentu", site="1", timezone="Australia/Sydney"
)


def parts() -> Iterator[tuple[Mapping[str, Any], bytes]]:
    yield {"kind": "opened", "connection": as_json(CONNECTION), "secrets": []}, b""
    for page in range(PAGES):
        asked = {"method": "GET", "path": f"/page/{page}", "body": ""}
        told = {"at": NOW.isoformat(), "status": 200, "headers": {}}
        yield {"kind": "answer", **asked, **told}, LARGE + b" " * page


def test_a_long_recording_takes_hardly_more_than_it_does_where_it_is_kept() -> None:
    tracemalloc.start()
    recorded = Recorded.of(NOW, parts())
    player = Player(NOW)
    player.load(recorded.heard)
    sizes = [
        len(player.answered(Question(method="GET", path=f"/page/{page}"), None).body)
        for page in range(PAGES)
    ]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert sizes == [len(LARGE) + page for page in range(PAGES)]
    assert most < PAGES * len(LARGE) / 4
