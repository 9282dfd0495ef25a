"""The file of secrets is sealed, private and whole."""

import json
import resource
import signal
import stat
from multiprocessing import get_context
from pathlib import Path

import pytest

from adapters.secrets.file import FILE, FileSecretStore
from domain.errors import BadInput, Transient
from infra.sealing import Keyring, SealBroken, Sealer

FIRST, SECOND = "0f" * 32, "a5" * 32
OLD = Sealer(Keyring.from_hex(FIRST))


def put_many(home: Path, process: int) -> None:
    store = FileSecretStore(home, OLD)
    for number in range(10):
        store.put(f"gentu/{process}/{number}", {"token": f"{process}-{number}"})


def test_nothing_of_a_secret_is_on_the_disk_and_only_the_owner_reads_it(tmp_path: Path) -> None:
    home = tmp_path / "home"

    FileSecretStore(home, OLD).put("gentu/acct-1", {"client_secret": "s3cr3t-value"})

    written = b"".join(path.read_bytes() for path in home.iterdir())
    assert b"s3cr3t" not in written
    assert b"gentu" not in written
    assert {stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()} == {0o600}
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_file_that_was_altered_is_noticed(tmp_path: Path) -> None:
    store = FileSecretStore(tmp_path, OLD)
    store.put("gentu/acct-1", {"token": "t-1"})
    sealed = bytearray((tmp_path / FILE).read_bytes())
    sealed[-1] ^= 1
    (tmp_path / FILE).write_bytes(sealed)

    with pytest.raises(SealBroken):
        store.get("gentu/acct-1")


def test_after_a_rotation_everything_is_sealed_under_the_new_key(tmp_path: Path) -> None:
    FileSecretStore(tmp_path, OLD).put("gentu/acct-1", {"token": "t-1"})

    FileSecretStore(tmp_path, Sealer(Keyring.from_hex(SECOND, old=[FIRST]))).reseal()

    only_new = FileSecretStore(tmp_path, Sealer(Keyring.from_hex(SECOND)))
    assert only_new.get("gentu/acct-1") == {"token": "t-1"}
    with pytest.raises(SealBroken):
        FileSecretStore(tmp_path, OLD).get("gentu/acct-1")


def test_nothing_begins_under_another_key(tmp_path: Path) -> None:
    FileSecretStore(tmp_path, OLD).require_its_key()
    FileSecretStore(tmp_path, OLD).put("gentu/acct-1", {"token": "t-1"})

    FileSecretStore(tmp_path, Sealer(Keyring.from_hex(SECOND, old=[FIRST]))).require_its_key()
    with pytest.raises(BadInput, match=r"sealed with another key .* ENCRYPTION_KEYS_OLD"):
        FileSecretStore(tmp_path, Sealer(Keyring.from_hex(SECOND))).require_its_key()


@pytest.mark.parametrize("length", [0, 5, -1])
def test_a_file_that_is_damaged_is_left_as_it_is_and_keeps_nobody_from_beginning(
    tmp_path: Path, length: int
) -> None:
    store = FileSecretStore(tmp_path, OLD)
    store.put("gentu/acct-1", {"token": "t-1"})
    damaged = (tmp_path / FILE).read_bytes()[:length]
    (tmp_path / FILE).write_bytes(damaged)

    store.require_its_key()

    with pytest.raises(SealBroken):
        store.get("gentu/acct-1")
    with pytest.raises(SealBroken):
        store.put("gentu/acct-2", {"token": "t-2"})
    assert (tmp_path / FILE).read_bytes() == damaged


def test_a_change_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    store = FileSecretStore(tmp_path, OLD)
    store.put("gentu/acct-1", {"token": "t-1"})
    before = (tmp_path / FILE).read_bytes()

    with pytest.raises(TypeError):
        store.put("gentu/acct-2", {"token": object()})  # type: ignore[dict-item]

    assert (tmp_path / FILE).read_bytes() == before


def test_a_disk_without_room_is_worth_another_try_and_loses_nothing(tmp_path: Path) -> None:
    store = FileSecretStore(tmp_path, OLD)
    store.put("gentu/acct-1", {"token": "t-1"})
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, unlimited[1]))
    try:
        with pytest.raises(Transient, match=r"cannot be written.*check its disk"):
            store.replace("gentu/acct-1", {"token": "t-2"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)

    assert store.get("gentu/acct-1") == {"token": "t-1"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secrets.lock", FILE]
    store.replace("gentu/acct-1", {"token": "t-2"})
    assert store.get("gentu/acct-1") == {"token": "t-2"}


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    spawn = get_context("spawn")
    writers = [spawn.Process(target=put_many, args=(tmp_path, n)) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)

    sealed = (tmp_path / FILE).read_bytes()
    kept = json.loads(OLD.open(sealed, table="secrets", column="file", row=FILE, account=""))
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert len(kept) == 30
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secrets.lock", FILE]
