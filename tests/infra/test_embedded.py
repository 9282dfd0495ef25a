import os
import signal
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
import redis

from infra.embedded import (
    EmbeddedServerError,
    Servers,
    postgres_binaries,
    start,
    valkey_binary,
)
from infra.embedded.binaries import (
    first_holding,
    first_program,
    postgres_folders,
    valkey_programs,
)
from infra.embedded.postgres import Postgres
from infra.embedded.processes import Identity
from infra.embedded.sharing import is_owned
from infra.embedded.valkey import SOCKET, answers

pytestmark = pytest.mark.integration
IDENTITIES: list[Identity] = ["namespaced", "nobody"] if os.geteuid() == 0 else ["self"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home") / "data"


@pytest.fixture(scope="module")
def running(home: Path) -> Iterator[Servers]:
    with start(home, durable=True) as servers:
        yield servers


def connect(servers: Servers) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(servers.database_url.replace("+psycopg", ""), autocommit=True)


def setting(servers: Servers, name: str) -> object:
    with connect(servers) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    return row and row[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("TimeZone", "UTC"),
        ("listen_addresses", ""),
        ("max_connections", "200"),
        ("server_encoding", "UTF8"),
    ],
)
def test_postgres_is_durable_and_speaks_utc(running: Servers, name: str, value: str) -> None:
    assert setting(running, name) == value


def test_tests_forgo_the_disk_but_never_the_commit(used_home: Path) -> None:
    with start(used_home, durable=False, settings={"work_mem": "8MB"}) as servers:
        names = ("fsync", "full_page_writes", "synchronous_commit", "work_mem")
        assert [setting(servers, name) for name in names] == ["off", "off", "on", "8MB"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("maxmemory-policy", "noeviction"), ("appendonly", "yes"), ("save", ""), ("port", "0")],
)
def test_valkey_keeps_everything_it_is_given(running: Servers, name: str, value: str) -> None:
    with redis.Redis.from_url(running.redis_url, decode_responses=True) as client:
        assert client.config_get(name) == {name: value}


def test_a_second_start_joins_the_servers_of_the_first(running: Servers, home: Path) -> None:
    with start(home) as joined:
        assert (joined.database_url, joined.redis_url) == (running.database_url, running.redis_url)

    with connect(running) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_who_joined_may_not_kill(running: Servers, home: Path) -> None:
    with start(home) as joined, pytest.raises(EmbeddedServerError, match="Only the process"):
        joined.kill_redis()


def test_nobody_else_may_enter_the_folders(running: Servers, home: Path) -> None:
    sockets = Path(running.redis_url.removeprefix("unix://")).parent

    modes = [stat.S_IMODE(folder.stat().st_mode) for folder in (home, home / "postgres", sockets)]

    assert modes == [0o700, 0o700, 0o700]


def test_what_was_stored_outlives_a_stop_and_a_start(used_home: Path) -> None:
    with start(used_home) as servers:
        connect(servers).execute("CREATE TABLE kept AS SELECT 42 AS answer").connection.close()
        with redis.Redis.from_url(servers.redis_url) as client:
            client.set("kept", "42")

    with start(used_home) as servers, connect(servers) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        with redis.Redis.from_url(servers.redis_url) as client:
            assert client.get("kept") == b"42"


def test_nothing_is_left_after_a_stop(used_home: Path) -> None:
    with start(used_home, durable=False) as servers:
        sockets = Path(servers.redis_url.removeprefix("unix://")).parent

    assert not sockets.exists()
    assert not (used_home / "servers.json").exists()
    assert not (used_home / "postgres/postmaster.pid").exists()


def test_killed_servers_come_back_on_the_same_sockets(used_home: Path) -> None:
    with start(used_home, durable=True) as servers:
        connect(servers).execute("CREATE TABLE kept ()").connection.close()

        servers.kill_postgres(signal.SIGKILL)
        servers.kill_redis(signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            connect(servers)
        servers.start_postgres()
        servers.start_redis()

        assert setting(servers, "fsync") == "on"
        with connect(servers) as connection:
            connection.execute("SELECT FROM kept")
        with redis.Redis.from_url(servers.redis_url) as client:
            assert client.ping()


def test_a_server_that_died_is_named_and_started_again(used_home: Path) -> None:
    with start(used_home, durable=True) as servers, redis.Redis.from_url(servers.redis_url) as one:
        one.set("kept", "yes")
        assert servers.revive() == []
        assert servers.started
        assert servers.started.valkey.process
        servers.started.valkey.process.kill()
        servers.started.valkey.process.wait()

        assert servers.revive() == ["Valkey"]
        assert one.get("kept") == b"yes"


def test_who_joined_leaves_reviving_to_the_owner(running: Servers, home: Path) -> None:
    with start(home) as joined:
        assert joined.revive() == []


def test_a_dead_server_of_somebody_else_is_named_with_its_log(used_home: Path) -> None:
    with start(used_home, durable=False) as servers:
        servers.kill_redis()
        with pytest.raises(EmbeddedServerError, match=r"valkey of another process \(pid \d+\)"):
            start(used_home, patience=0.2)


@pytest.mark.parametrize("identity", IDENTITIES)
def test_postgres_runs_as_whoever_it_accepts(tmp_path: Path, identity: Identity) -> None:
    tmp_path.chmod(0o700)
    server = Postgres(
        binaries=postgres_binaries(),
        home=tmp_path,
        sockets=tmp_path,
        durable=False,
        identity=identity,
    )
    try:
        server.start()
        with psycopg.connect(host=str(tmp_path), user="pms_sync", dbname="pms_sync") as connection:
            assert connection.execute("SELECT current_user").fetchone() == ("pms_sync",)
    finally:
        server.stop()


def test_a_stale_pid_file_that_names_a_stranger_is_no_obstacle(used_home: Path) -> None:
    cluster = used_home / "postgres"
    stale = [str(os.getppid()), str(cluster), "1700000000", "5432", "", "", "0 0", ""]
    (used_home / "postgres/postmaster.pid").write_text("\n".join(stale))

    with start(used_home, durable=False) as servers:
        assert setting(servers, "fsync") == "off"


def test_a_half_made_cluster_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new/PG_VERSION").write_text("18\n")

    with start(tmp_path, durable=False) as servers:
        assert setting(servers, "fsync") == "off"


def test_the_log_of_postgres_quotes_no_row(used_home: Path) -> None:
    with start(used_home, durable=False) as servers, connect(servers) as connection:
        connection.execute("CREATE TABLE patients (name text PRIMARY KEY)")
        connection.execute("INSERT INTO patients VALUES (%s)", ["Ann Example"])
        with pytest.raises(psycopg.errors.UniqueViolation, match="Ann Example"):
            connection.execute("INSERT INTO patients VALUES (%s)", ["Ann Example"])

    assert "Ann" not in (used_home / "postgres.log").read_text()


def test_a_database_of_another_version_is_explained_and_its_folder_let_go(used_home: Path) -> None:
    (used_home / "postgres/PG_VERSION").write_text("9\n")

    with pytest.raises(EmbeddedServerError, match=r"did not start.*incompatible") as refused:
        start(used_home, durable=False)

    assert not is_owned(used_home), refused


@pytest.mark.parametrize(
    ("find", "advice"), [(postgres_binaries, "DATABASE_URL"), (valkey_binary, "REDIS_URL")]
)
def test_a_folder_without_the_programs_is_explained(
    tmp_path: Path, find: type[Path], advice: str
) -> None:
    with pytest.raises(EmbeddedServerError, match=f"make setup.*{advice}"):
        find(tmp_path)


def test_the_first_folder_with_every_program_is_taken(tmp_path: Path) -> None:
    for name in ("half/initdb", "whole/initdb", "whole/postgres"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    folders = [tmp_path / "none", tmp_path / "half", tmp_path / "whole"]

    assert first_holding(("initdb", "postgres"), folders) == tmp_path / "whole"
    assert first_program(folder / "postgres" for folder in folders) == tmp_path / "whole/postgres"


def test_programs_on_the_path_serve_where_the_wheels_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("initdb", "valkey-server", "redis-server"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert tmp_path in list(postgres_folders())
    assert list(valkey_programs())[-2:] == [tmp_path / "valkey-server", tmp_path / "redis-server"]


def test_a_valkey_whose_disk_is_full_is_there_all_the_same() -> None:
    """Else not one command could say what is wrong."""
    with TemporaryDirectory() as sockets, socket.socket(socket.AF_UNIX) as door:
        door.bind(str(Path(sockets) / SOCKET))
        door.listen()
        answering = threading.Thread(target=_cannot_write, args=(door,), daemon=True)
        answering.start()

        assert answers(Path(sockets))
        answering.join(10)


def _cannot_write(door: socket.socket) -> None:
    line, _ = door.accept()
    with line:
        while asked := line.recv(4096):
            refusal = b"-MISCONF Errors writing to the AOF file: No space left on device\r\n"
            line.sendall(refusal * asked.count(b"*"))
