"""A Redis that is there and refuses every write: as it is full, or as it cannot save."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis


@contextmanager
def without_room(client: redis.Redis) -> Iterator[None]:
    """Until it is given room by `maxmemory 0`, at the end at the latest."""
    client.config_set("maxmemory", 1)
    try:
        yield
    finally:
        client.config_set("maxmemory", 0)


@contextmanager
def without_disk(client: redis.Redis) -> Iterator[None]:
    """Until it need not save by `save ""`, at the end at the latest."""
    folder, file = (client.config_get(name)[name] for name in ("dir", "dbfilename"))
    in_the_way = Path(str(folder)) / str(file)
    in_the_way.mkdir()
    client.config_set("save", "3600 1")
    try:
        _fail_to_save(client)
        yield
    finally:
        client.config_set("save", "")
        in_the_way.rmdir()


def _fail_to_save(client: redis.Redis) -> None:
    client.bgsave()
    while (told := client.info("persistence"))["rdb_bgsave_in_progress"]:
        pass
    assert told["rdb_last_bgsave_status"] == "err"
