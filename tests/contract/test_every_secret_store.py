"""What every secret store must keep, whatever holds the secrets."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from adapters.secrets.aws import AwsSecretStore
from adapters.secrets.file import FileSecretStore
from domain.credentials import SecretStore
from domain.errors import BadInput, NeedsReconnect
from infra.sealing import Keyring, Sealer

SEALER = Sealer(Keyring.from_hex("0f" * 32))
NAME = "gentu/acct-1/conn-1"

Opened = Callable[[], SecretStore]


@pytest.fixture(scope="module")
def aws_address() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["file", "aws"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    """Opens the same store anew each time, as another process would."""
    if request.param == "file":
        return lambda: FileSecretStore(tmp_path, SEALER)
    address = request.getfixturevalue("aws_address")
    prefix = f"tests/{tmp_path.name}"
    return lambda: AwsSecretStore(aws_client(address), prefix)


@pytest.fixture
def store(opened: Opened) -> SecretStore:
    return opened()


def aws_client(address: str) -> Any:
    return boto3.client(
        "secretsmanager",
        endpoint_url=address,
        region_name="ap-southeast-2",
        aws_access_key_id="invented",
        aws_secret_access_key="invented",  # noqa: S106 - for a server of the test
        config=Config(retries={"max_attempts": 1}),
    )


def test_what_was_put_can_be_read_by_its_reference(store: SecretStore) -> None:
    ref = store.put(NAME, {"client_id": "id-1", "client_secret": "s-1 é"})

    assert store.get(ref) == {"client_id": "id-1", "client_secret": "s-1 é"}


def test_another_process_reads_it_by_reference_and_by_name(opened: Opened) -> None:
    ref = opened().put(NAME, {"token": "t-1"})

    assert opened().get(ref) == {"token": "t-1"}
    assert opened().get(NAME) == {"token": "t-1"}


def test_a_second_put_replaces_the_first_and_is_seen_at_once(store: SecretStore) -> None:
    first = store.put(NAME, {"token": "t-1", "old": "x"})
    store.get(first)

    second = store.put(NAME, {"token": "t-2"})

    assert second == first
    assert store.get(first) == {"token": "t-2"}


def test_names_are_kept_apart(store: SecretStore) -> None:
    one = store.put("gentu/acct-1/conn-1", {"token": "t-1"})
    two = store.put("gentu/acct-1/conn-2", {"token": "t-2"})

    assert store.get(one) == {"token": "t-1"}
    assert store.get(two) == {"token": "t-2"}


@pytest.mark.parametrize("ref", ["gentu/acct-1/never-stored"])
def test_what_is_not_there_needs_a_person(store: SecretStore, ref: str) -> None:
    with pytest.raises(NeedsReconnect):
        store.get(ref)


def test_a_reference_stays_when_its_values_are_replaced(opened: Opened) -> None:
    ref = opened().put(NAME, {"token": "t-1"})

    opened().replace(ref, {"token": "t-2"})

    assert opened().get(ref) == opened().get(NAME) == {"token": "t-2"}


def test_what_another_process_replaced_is_seen_once_ours_is_forgotten(opened: Opened) -> None:
    mine, theirs = opened(), opened()
    ref = mine.put(NAME, {"token": "t-1"})
    mine.get(ref)
    theirs.replace(ref, {"token": "t-2"})

    mine.forget(ref)

    assert mine.get(ref) == {"token": "t-2"}


def test_what_was_never_stored_cannot_be_replaced(store: SecretStore) -> None:
    with pytest.raises(NeedsReconnect):
        store.replace("gentu/acct-1/never-stored", {"token": "t-2"})


def test_what_was_deleted_is_gone_and_deleting_again_is_fine(store: SecretStore) -> None:
    ref = store.put(NAME, {"token": "t-1"})

    store.delete(ref)
    store.delete(ref)
    store.delete("gentu/acct-1/never-stored")

    with pytest.raises(NeedsReconnect):
        store.get(ref)


def test_a_deleted_name_can_be_used_again(store: SecretStore) -> None:
    store.delete(store.put(NAME, {"token": "t-1"}))

    ref = store.put(NAME, {"token": "t-2"})

    assert store.get(ref) == {"token": "t-2"}


@pytest.mark.parametrize(
    "name", ["", "../gentu", "gentu/*", "/gentu", "gentu//x", "a b", "x" * 600, "gentu/", "gentu\n"]
)
def test_names_that_climb_or_match_are_refused(store: SecretStore, name: str) -> None:
    with pytest.raises(BadInput):
        store.put(name, {"token": "t-1"})


def test_too_much_is_refused_without_quoting_it(store: SecretStore) -> None:
    with pytest.raises(BadInput) as caught:
        store.put(NAME, {"token": "s3cr3t" * 20_000})

    assert "s3cr3t" not in str(caught.value)


def test_puts_that_race_all_succeed_and_one_of_them_stays(opened: Opened) -> None:
    with ThreadPoolExecutor(8) as pool:
        refs = set(pool.map(lambda n: opened().put(NAME, {"token": f"t-{n}"}), range(16)))

    assert len(refs) == 1
    assert opened().get(refs.pop())["token"] in {f"t-{n}" for n in range(16)}


def test_puts_of_different_names_that_race_lose_nothing(opened: Opened) -> None:
    with ThreadPoolExecutor(8) as pool:
        refs = list(pool.map(lambda n: opened().put(f"x/{n}", {"token": f"t-{n}"}), range(16)))

    assert [opened().get(ref)["token"] for ref in refs] == [f"t-{n}" for n in range(16)]


def test_what_was_read_cannot_be_changed_by_its_reader(store: SecretStore) -> None:
    values = store.get(store.put(NAME, {"token": "t-1"}))

    with pytest.raises(TypeError):
        values["token"] = "t-2"  # type: ignore[index] # noqa: S105 - what is tried
