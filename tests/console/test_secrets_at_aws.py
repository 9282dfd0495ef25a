"""SECRETS_BACKEND=aws that cannot work: told by the doctor, and by each process as it starts."""

import os
from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer

from tests.console.conftest import Shell

pytestmark = pytest.mark.integration

PROCESSES = (("ingress",), ("worker", "--pool", "default"), ("scheduler",), ("up",))
NOWHERE = "http://127.0.0.1:1"

WRONG = {
    "no region": ({"AWS_ENDPOINT_URL": NOWHERE}, "SECRETS_BACKEND=aws needs a region"),
    "no credentials": (
        {"AWS_REGION": "ap-southeast-2", "AWS_ENDPOINT_URL": NOWHERE},
        "this process has no credentials of AWS (NoCredentialsError); give it a role",
    ),
    "no such endpoint": (
        {
            "AWS_REGION": "ap-southeast-2",
            "AWS_ENDPOINT_URL": NOWHERE,
            "AWS_ACCESS_KEY_ID": "invented",
            "AWS_SECRET_ACCESS_KEY": "invented",
        },
        "cannot be reached (EndpointConnectionError); check AWS_REGION, AWS_ENDPOINT_URL",
    ),
}


@pytest.fixture
def at_aws(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The command with the backend and nothing else of AWS."""
    for name in [one for one in os.environ if one.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("SECRETS_BACKEND", "aws")
    return monkeypatch


@pytest.fixture
def store() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("process", PROCESSES, ids=lambda words: words[0])
def test_no_process_starts_and_one_sentence_says_why(
    process: tuple[str, ...], wrong: str, shell: Shell, at_aws: pytest.MonkeyPatch
) -> None:
    variables, told = WRONG[wrong]
    for name, value in variables.items():
        at_aws.setenv(name, value)

    outcome = shell(*process)

    assert outcome.code == 2
    assert told in outcome.err.splitlines()[-1]
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("wrong", WRONG)
def test_the_doctor_says_the_same(wrong: str, shell: Shell, at_aws: pytest.MonkeyPatch) -> None:
    variables, told = WRONG[wrong]
    for name, value in variables.items():
        at_aws.setenv(name, value)

    checks = shell("doctor", "--json").json["checks"]

    assert any(one["verdict"] == "bad" and told in one["told"] for one in checks)


def test_a_store_that_can_be_read_is_well(
    shell: Shell, at_aws: pytest.MonkeyPatch, store: str
) -> None:
    for name, value in WRONG["no such endpoint"][0].items():
        at_aws.setenv(name, value)
    at_aws.setenv("AWS_ENDPOINT_URL", store)

    checks = shell("doctor", "--json").json["checks"]

    assert {"what": "keys", "verdict": "ok", "told": "AWS Secrets Manager can be read"} in checks
