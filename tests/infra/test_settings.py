"""The environment is read once, strictly, and every problem is told at once."""

import json
import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from domain.errors import BadInput
from infra.local_secrets import local_secret
from infra.setting_rules import Profile
from infra.settings import Settings, load, names
from infra.vendor_urls import VendorUrls

EXAMPLE = Path(__file__).parents[2] / ".env.example"
KEY = "0123456789abcdef" * 4
FIT_FOR_PRODUCTION = {
    "PMS_SYNC_PROFILE": "production",
    "DATABASE_URL": "postgresql://app:s3cr3t-pw@db.example.com/pms?sslmode=verify-full",
    "REDIS_URL": "rediss://:s3cr3t-pw@cache.example.com:6379/0",
    "ENCRYPTION_KEY": KEY,
    "JWT_SECRET": "s3cr3t-" * 6,
    "APP_BASE_URL": "https://sync.example.com/",
}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name in names() or re.search("_(BASE_URL|TOKEN_URL|MINIMUM_TLS)$", name):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def given(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


PMSS = ("gentu", "halaxy", "sikka")


def refusal(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    given(monkeypatch, **variables)
    with pytest.raises(BadInput) as caught:
        load(vendors=PMSS)
    return str(caught.value)


def test_nothing_set_means_development_on_embedded_servers() -> None:
    settings = load()

    assert settings.profile is Profile.DEVELOPMENT
    assert settings.database_url is None
    assert settings.redis_url is None
    assert settings.secrets_backend == "file"
    assert settings.vendor_urls == {}


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, DATABASE_URL="", REDIS_URL="", SECRETS_BACKEND="")

    assert load().database_url is None


def test_keys_are_made_once_kept_private_and_read_again(tmp_path: Path) -> None:
    first, second = load(), load()

    kept = tmp_path / ".local" / "keys" / "encryption.key"
    assert first.encryption_key == second.encryption_key
    assert first.jwt_secret == second.jwt_secret
    assert re.fullmatch("[0-9a-f]{64}", first.encryption_key.get_secret_value())
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    candidates = iter(range(1000))

    def read(_: int) -> str:
        return local_secret(tmp_path / "keys" / "one", make=lambda: str(next(candidates)))

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(read, range(64)))) == 1
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["one"]


def test_the_home_of_the_user_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, HOME="/nowhere", PROFILE="production")

    assert load().home == Path(".local")
    assert load().profile is Profile.DEVELOPMENT


def test_a_home_that_cannot_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")

    text = refusal(monkeypatch, PMS_SYNC_HOME=str(tmp_path / "taken"))

    assert "ENCRYPTION_KEY: is not set, and PMS_SYNC_HOME cannot keep one" in text


def test_production_reads_what_is_fit_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **FIT_FOR_PRODUCTION)

    settings = load()

    assert settings.is_production
    assert settings.app_base_url == "https://sync.example.com"
    assert settings.encryption_key.get_secret_value() == KEY


def test_production_lists_everything_that_is_missing_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = refusal(monkeypatch, PMS_SYNC_PROFILE="production")

    for name in ("DATABASE_URL", "REDIS_URL", "ENCRYPTION_KEY", "JWT_SECRET", "APP_BASE_URL"):
        assert f"\n{name}: " in text
    assert not (tmp_path / ".local").exists()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "postgresql://app:s3cr3t-pw@db.example.com/pms"),
        ("DATABASE_URL", "postgresql://app:s3cr3t-pw@db.example.com/pms?sslmode=disable"),
        ("DATABASE_URL", "postgresql://app:s3cr3t-pw@db.example.com/pms?sslmode=prefer"),
        ("DATABASE_URL", "mysql://app:s3cr3t-pw@db.example.com/pms"),
        ("REDIS_URL", "http://:s3cr3t-pw@cache.example.com"),
        ("ENCRYPTION_KEY", "0" * 64),
        ("ENCRYPTION_KEY", "s3cr3t-pw"),
        ("JWT_SECRET", "s3cr3t-pw"),
        ("JWT_SECRETS_OLD", "s3cr3t-pw"),
        ("APP_BASE_URL", "http://s3cr3t-pw.example.com"),
        ("VAPI_AUTH", "s3cr3t-pw"),
        ("ENCRYPTION_KEYS_OLD", "s3cr3t-pw"),
        ("SECRETS_BACKEND", "s3cr3t-pw"),
        ("LOG_LEVEL", "s3cr3t-pw"),
        ("AWS_ENDPOINT_URL", "http://s3cr3t-pw.example.com"),
        ("GENTU_BASE_URL", "http://s3cr3t-pw.example.com"),
        ("GENTU_BASE_URL", "http://127.0.0.1:9"),
        ("HALAXY_TOKEN_URL", "https://user:s3cr3t-pw@halaxy.example.com"),
        ("SIKKA_MINIMUM_TLS", "1.1"),
        ("USUAL_HOURS", "s3cr3t-pw"),
        ("USUAL_HOURS", '{"mon": "s3cr3t-pw"}'),
        ("USUAL_HOURS", '{"mon": [["08:00", "08:00"]]}'),
    ],
)
def test_production_refuses_an_unsafe_value_by_name_and_never_quotes_it(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    text = refusal(monkeypatch, **{**FIT_FOR_PRODUCTION, variable: value})

    assert f"\n{variable}: " in text
    assert text.count("\n") == 1
    assert "s3cr3t" not in text
    assert value not in text


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://app@localhost/pms",
        "postgresql://app@127.0.0.1:5433/pms",
        "postgresql:///pms?host=/run/postgresql",
        "postgres://app@db.example.com/pms?sslmode=require",
    ],
)
def test_production_takes_a_database_that_is_local_or_encrypted(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    given(monkeypatch, **{**FIT_FOR_PRODUCTION, "DATABASE_URL": url})

    database_url = load().database_url

    assert database_url is not None
    assert database_url.get_secret_value().startswith("postgresql://")


def test_an_unknown_profile_is_one_problem_among_others(monkeypatch: pytest.MonkeyPatch) -> None:
    text = refusal(monkeypatch, PMS_SYNC_PROFILE="staging", ENCRYPTION_KEY="short")

    assert "\nPMS_SYNC_PROFILE: " in text
    assert "\nENCRYPTION_KEY: needs 64 hexadecimal characters" in text


def test_old_names_are_read_with_a_warning_each(monkeypatch: pytest.MonkeyPatch) -> None:
    given(
        monkeypatch,
        NEXT_PUBLIC_APP_URL="https://old.example.com",
        SIKKA_APPLICATION_ID="app-1",
        SIKKA_SECRET_KEY="key-1",  # noqa: S106 - invented
    )

    settings = load()

    assert settings.app_base_url == "https://old.example.com"
    assert settings.sikka_app_id and settings.sikka_app_id.get_secret_value() == "app-1"
    assert settings.sikka_app_key and settings.sikka_app_key.get_secret_value() == "key-1"
    assert len(settings.warnings) == 3
    assert "NEXT_PUBLIC_APP_URL is an old name; call it APP_BASE_URL" in settings.warnings


def test_the_new_name_wins_over_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    given(
        monkeypatch,
        APP_BASE_URL="https://new.example.com",
        NEXT_PUBLIC_APP_URL="https://old.example.com",
    )

    assert load().app_base_url == "https://new.example.com"


def test_addresses_of_any_vendor_are_read_by_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    given(
        monkeypatch,
        GENTU_BASE_URL="http://127.0.0.1:9001/",
        GENTU_TOKEN_URL="http://localhost:9001/token",  # noqa: S106 - an address
        OPEN_DENTAL_BASE_URL="https://opendental.example.com",
        OPEN_DENTAL_MINIMUM_TLS="1.2",
        APP_BASE_URL="http://127.0.0.1:8000",
    )

    assert load().vendor_urls == {
        "gentu": VendorUrls(
            base_url="http://127.0.0.1:9001",
            token_url="http://localhost:9001/token",  # noqa: S106 - an address
        ),
        "open_dental": VendorUrls(base_url="https://opendental.example.com", minimum_tls="1.2"),
    }


def test_a_strangers_unusable_address_is_left_out_until_its_vendor_is_registered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given(monkeypatch, STRANGER_BASE_URL="ftp://files.example.com")

    assert load().vendor_urls == {}
    with pytest.raises(BadInput, match="STRANGER_BASE_URL: must be a full URL"):
        load(vendors=["stranger"])


def test_old_keys_are_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, ENCRYPTION_KEYS_OLD=f"{'1' * 64}, {'2' * 64}")

    assert load().old_encryption_keys == ("1" * 64, "2" * 64)


def test_a_file_gives_values_and_the_process_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(
        "LOG_LEVEL=DEBUG\nAWS_REGION=ap-southeast-2\nHALAXY_BASE_URL=https://h.example.com\n"
    )
    given(monkeypatch, LOG_LEVEL="ERROR")

    settings = load()

    assert settings.log_level == "ERROR"
    assert settings.aws_region == "ap-southeast-2"
    assert settings.vendor_urls["halaxy"].base_url == "https://h.example.com"


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("JWT_SECRET=gehörig".encode("latin-1"))

    with pytest.raises(BadInput, match=r"^\.env cannot be read .* check its owner.* UTF-8\.$"):
        load()


def test_settings_cannot_be_changed_and_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **FIT_FOR_PRODUCTION, VAPI_AUTH=json.dumps({"type": "bearer", "s3cr3t": 1}))

    settings = load()

    assert "s3cr3t" not in repr(settings) + str(settings) + settings.model_dump_json()
    assert KEY not in repr(settings)
    with pytest.raises(ValueError, match="frozen"):
        setattr(settings, "home", Path("elsewhere"))  # noqa: B010 - mypy refuses the plain way


def test_the_example_and_the_settings_name_the_same_variables() -> None:
    lines = EXAMPLE.read_text().splitlines()
    shown = {match[1] for line in lines if (match := re.match("#?([A-Z][A-Z0-9_]+)=", line))}

    patterns = "_(BASE_URL|TOKEN_URL|MINIMUM_TLS)$|^(GENTU|MEDIRECORDS|HALAXY)_"
    by_pattern = {name for name in shown if re.search(patterns, name)}
    assert shown - (by_pattern - {"APP_BASE_URL"}) == names()
    assert {f"{v}_BASE_URL" for v in ("GENTU", "MEDIRECORDS", "HALAXY", "SIKKA")} <= by_pattern


def test_the_defaults_shown_in_the_example_are_the_real_ones(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plain = load()
    lines = [line[1:] for line in EXAMPLE.read_text().splitlines() if re.match("#[A-Z_]+=", line)]
    shown = [line for line in lines if ".example.com" not in line and "MINIMUM_TLS" not in line]
    (tmp_path / ".env").write_text("\n".join(shown))

    assert load().model_dump() == plain.model_dump()
    assert set(Settings.model_fields) >= {"database_url", "vendor_urls"}
