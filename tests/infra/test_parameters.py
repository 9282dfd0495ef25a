"""Settings in Parameter Store: asked for only where told, behind the process, before the file."""

import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from domain.errors import BadInput
from infra.settings import Settings, load

PREFIX = "/pms-sync/production"
REGION = "ap-southeast-2"
KEY = "0123456789abcdef" * 4


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("AWS_", "PMS_", "SIKKA_", "VAPI_", "TWILIO_", "GENTU_", "LOG_")):
            monkeypatch.delenv(name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "invented")
    monkeypatch.setenv("ENCRYPTION_KEY", KEY)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def told(store: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_SSM_PREFIX", PREFIX)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_ENDPOINT_URL", store)
    return store


def keep(store: str, /, prefix: str = PREFIX, kind: str = "SecureString", **values: str) -> None:
    client = boto3.client("ssm", endpoint_url=store, region_name=REGION)
    for name, value in values.items():
        client.put_parameter(Name=f"{prefix}/{name}", Value=value, Type=kind, Overwrite=True)


def revealed(settings: Settings, name: str) -> str:
    return str(getattr(settings, name).get_secret_value())


def test_a_secure_string_is_read_in_the_clear(told: str) -> None:
    keep(told, SIKKA_APP_KEY="key-1", VAPI_WEBHOOK_SECRET="hook-1")  # noqa: S106 - invented

    settings = load()

    assert revealed(settings, "sikka_app_key") == "key-1"
    assert revealed(settings, "vapi_webhook_secret") == "hook-1"


def test_more_than_a_page_of_them_is_read_and_small_letters_count(told: str) -> None:
    keep(told, **{f"PAD_{number}": "x" for number in range(25)})
    keep(told, twilio_account_sid="AC1", kind="String")

    settings = load()

    assert settings.twilio_account_sid == "AC1"
    assert len(settings.stored) > 25


def test_a_variable_of_the_process_wins_and_the_file_does_not(
    told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keep(told, LOG_LEVEL="WARNING", SIKKA_APP_ID="from-the-store")
    (tmp_path / ".env").write_text("LOG_LEVEL=DEBUG\nSIKKA_APP_ID=from-the-file\n")

    assert load().log_level == "WARNING"
    assert revealed(load(), "sikka_app_id") == "from-the-store"
    monkeypatch.setenv("LOG_LEVEL", "ERROR")
    assert load().log_level == "ERROR"


def test_the_file_may_say_where_the_store_is(
    store: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keep(store, "/by-file", SIKKA_APP_ID="app-1")
    (tmp_path / ".env").write_text(
        f"AWS_SSM_PREFIX=/by-file/\nAWS_REGION={REGION}\nAWS_ENDPOINT_URL={store}\n"
    )

    assert revealed(load(), "sikka_app_id") == "app-1"


def test_what_is_read_by_pattern_may_lie_there_too(told: str) -> None:
    keep(told, GENTU_CLIENT_SECRET="gentu-1", GENTU_MINIMUM_TLS="1.2")  # noqa: S106 - invented

    settings = load(vendors=["gentu"])

    assert settings.vendor_secrets["gentu"]["client_secret"].get_secret_value() == "gentu-1"
    assert settings.vendor_urls["gentu"].minimum_tls == "1.2"


def test_only_what_lies_directly_below_the_prefix_is_ours(told: str) -> None:
    keep(told, SIKKA_APP_ID="app-1")
    keep(told, f"{PREFIX}/deeper", VAPI_API_KEY="another's")
    keep(told, "/pms-sync/production-2", TWILIO_ACCOUNT_SID="another's")

    assert "VAPI_API_KEY" not in load().stored
    assert "another's" not in load().stored.values()


def test_without_a_prefix_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    # Where a request would go; nobody answers there, so that one would be noticed.
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    assert load().stored == {}


def test_a_problem_with_the_store_is_one_among_the_others(
    told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SSM_PREFIX", "/nothing/here")
    monkeypatch.setenv("LOG_LEVEL", "LOUD")

    with pytest.raises(BadInput) as caught:
        load()

    assert "\nAWS_SSM_PREFIX: nothing is kept under it" in str(caught.value)
    assert "\nLOG_LEVEL: " in str(caught.value)


@pytest.mark.parametrize("prefix", ["pms-sync", "/", "/a b", "/a//b", "/a;b"])
def test_a_prefix_that_is_no_path_asks_nobody(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    monkeypatch.setenv("AWS_SSM_PREFIX", prefix)

    with pytest.raises(BadInput, match="AWS_SSM_PREFIX: must be a path"):
        load()


def test_a_store_that_is_away_is_told_without_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SSM_PREFIX", PREFIX)

    with pytest.raises(BadInput, match=r"AWS_SSM_PREFIX: .*\(NoRegionError\); check AWS_REGION"):
        load()


def test_what_came_from_the_store_is_never_shown(told: str) -> None:
    keep(told, SIKKA_APP_KEY="s3cr3t-key", OTHER="s3cr3t-too")

    settings = load()

    assert "s3cr3t" not in repr(settings) + settings.model_dump_json()


def test_a_value_of_the_store_that_is_wrong_is_told_by_name(told: str) -> None:
    keep(told, "/wrong", JWT_SECRET="s3cr3t")  # noqa: S106 - invented
    os.environ["AWS_SSM_PREFIX"] = "/wrong"  # restored with the rest by the fixture

    with pytest.raises(BadInput, match="JWT_SECRET: needs at least 32") as caught:
        load()

    assert "s3cr3t" not in str(caught.value)
