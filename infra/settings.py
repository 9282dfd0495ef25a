"""Everything a process is told from outside, checked before anything starts."""

import re
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AliasChoices,
    AwareDatetime,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from domain.errors import BadInput
from domain.rhythm import USUAL
from infra import environment
from infra.cautions import old_names, unknown_senders, weak_links
from infra.links import postgres_link, redis_link
from infra.listed import Hours, Names, Networks, NetworksBySender, Proxies, parts
from infra.origins import HERE
from infra.parameters import ParameterSource
from infra.setting_rules import (
    Profile,
    check_key,
    in_production,
    is_json_object,
    kept,
    need,
    strictness,
)
from infra.vendor_secrets import vendor_secrets
from infra.vendor_urls import SERVICES, VendorUrls, is_loopback, url_problem, vendor_urls

SHORTEST_SECRET = 32
PLAYED_TOO = ("profile", "log_level", "log_format", "usual_hours")


class Settings(BaseSettings):
    """The environment, read once and passed on as values; names are those of `.env.example`."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        validate_default=True,
        hide_input_in_errors=True,
    )

    # Validators look at these three, so they come first.
    profile: Profile = Field(Profile.DEVELOPMENT, validation_alias="PMS_SYNC_PROFILE")
    home: Path = Field(Path(".local"), validation_alias="PMS_SYNC_HOME")
    same_machine_hosts: Names = ()

    database_url: SecretStr | None = None
    redis_url: SecretStr | None = None

    encryption_key: SecretStr = SecretStr("")
    encryption_keys_old: SecretStr = SecretStr("")
    jwt_secret: SecretStr = SecretStr("")
    jwt_secrets_old: SecretStr = SecretStr("")

    app_base_url: str = Field(
        "http://127.0.0.1:8000",
        validation_alias=AliasChoices("APP_BASE_URL", "NEXT_PUBLIC_APP_URL"),
    )

    trusted_proxies: Proxies = HERE
    allowed_ips: Networks = ()
    webhook_allowed_ips: NetworksBySender = Field(default_factory=dict)

    secrets_backend: Literal["file", "aws"] = "file"
    secrets_prefix: str = "parlae/pms"
    aws_region: str | None = None
    aws_endpoint_url: str | None = None
    aws_ssm_prefix: str | None = None

    usual_hours: Hours = Field(default_factory=lambda: dict(USUAL))

    vapi_webhook_secret: SecretStr | None = None
    vapi_auth: SecretStr | None = None
    vapi_webhook_secret_old: SecretStr | None = None
    vapi_auth_old: SecretStr | None = None
    vapi_old_until: AwareDatetime | None = None
    vapi_api_key: SecretStr | None = None
    vapi_allow_bare_signature: bool = False
    vapi_calls_a_minute: int = Field(100, ge=1)

    sikka_app_id: SecretStr | None = Field(
        None, validation_alias=AliasChoices("SIKKA_APP_ID", "SIKKA_APPLICATION_ID")
    )
    sikka_app_key: SecretStr | None = Field(
        None, validation_alias=AliasChoices("SIKKA_APP_KEY", "SIKKA_SECRET_KEY")
    )

    sikka_callback_key: SecretStr | None = None
    sikka_marketplace_url: str | None = None

    twilio_account_sid: str | None = None
    twilio_auth_token: SecretStr | None = None
    twilio_messaging_service_sid: str | None = None

    audit_anchor: str | None = None
    audit_key: SecretStr = SecretStr("")
    audit_keys_old: SecretStr = SecretStr("")
    audit_keep_years: int = Field(6, ge=6, le=100)
    rejects_keep_days: int = Field(90, ge=7, le=3650)
    recordings_keep_days: int = Field(7, ge=1, le=30)

    watch_patients_an_hour: int = Field(60, ge=1)
    watch_denials_an_hour: int = Field(10, ge=1)
    watch_exports_a_day: int = Field(5, ge=1)
    watch_hours_outside: int = Field(3, ge=1, le=12)
    watch_new_address_patients: int = Field(20, ge=1)
    watch_rows_an_hour: int = Field(30_000, ge=1)
    watch_sheet_days: int = Field(100, ge=1)

    read_rows_an_hour: int = Field(50_000, ge=1)
    read_rows_a_day: int = Field(150_000, ge=1)

    metrics_token: SecretStr | None = None
    otel_exporter_otlp_endpoint: str | None = None

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["auto", "json", "console"] = "auto"

    vendor_urls: Mapping[str, VendorUrls] = Field(default_factory=dict, exclude=True)
    vendor_secrets: Mapping[str, Mapping[str, SecretStr]] = Field(
        default_factory=dict, exclude=True
    )
    stored: Mapping[str, str] = Field(default_factory=dict, exclude=True, repr=False)
    warnings: tuple[str, ...] = Field(default=(), exclude=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """A variable of the process, then Parameter Store, then the file."""
        stored = ParameterSource(settings_cls, init_settings().get("stored", {}))
        return init_settings, env_settings, stored, dotenv_settings

    @property
    def is_production(self) -> bool:
        return self.profile is Profile.PRODUCTION

    @property
    def links(self) -> Mapping[str, SecretStr | None]:
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}

    @property
    def old_encryption_keys(self) -> tuple[str, ...]:
        return tuple(parts(self.encryption_keys_old.get_secret_value()))

    @field_validator("database_url")
    @classmethod
    def _database(cls, url: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if url is None:
            need("the address of your PostgreSQL", info)
            return None
        return SecretStr(postgres_link(url.get_secret_value(), **strictness(info)))

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, url: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if url is None:
            need("the address of your Redis or Valkey", info)
            return None
        return SecretStr(redis_link(url.get_secret_value(), **strictness(info)))

    @field_validator("encryption_key")
    @classmethod
    def _encryption_key(cls, key: SecretStr, info: ValidationInfo) -> SecretStr:
        if not key.get_secret_value():
            return kept(info, name="encryption.key", make=lambda: secrets.token_hex(32))
        check_key(key.get_secret_value(), production=in_production(info))
        return key

    @property
    def old_audit_keys(self) -> tuple[str, ...]:
        return tuple(parts(self.audit_keys_old.get_secret_value()))

    @field_validator("audit_key")
    @classmethod
    def _audit_key(cls, key: SecretStr, info: ValidationInfo) -> SecretStr:
        if key.get_secret_value():
            check_key(key.get_secret_value(), production=in_production(info))
        return key

    @field_validator("audit_anchor")
    @classmethod
    def _audit_anchor(cls, place: str | None) -> str | None:
        if place and "://" in place and not re.fullmatch(r"s3://[a-z0-9.-]{3,63}(/.*)?", place):
            raise ValueError("must be a file, or s3://bucket/prefix with object lock")
        return place

    @field_validator("encryption_keys_old", "audit_keys_old")
    @classmethod
    def _old_keys(cls, keys: SecretStr) -> SecretStr:
        for key in parts(keys.get_secret_value()):
            check_key(key, production=False)
        return keys

    @field_validator("jwt_secret")
    @classmethod
    def _jwt_secret(cls, secret: SecretStr, info: ValidationInfo) -> SecretStr:
        if not secret.get_secret_value():
            return kept(info, name="jwt.secret", make=lambda: secrets.token_urlsafe(48))
        if len(secret.get_secret_value()) < SHORTEST_SECRET:
            raise ValueError(f"needs at least {SHORTEST_SECRET} random characters")
        return secret

    @property
    def old_jwt_secrets(self) -> tuple[str, ...]:
        return tuple(parts(self.jwt_secrets_old.get_secret_value()))

    @field_validator("jwt_secrets_old")
    @classmethod
    def _old_jwt_secrets(cls, given: SecretStr) -> SecretStr:
        if any(len(one) < SHORTEST_SECRET for one in parts(given.get_secret_value())):
            raise ValueError(f"each needs at least {SHORTEST_SECRET} random characters")
        return given

    @field_validator("app_base_url")
    @classmethod
    def _app_base_url(cls, url: str, info: ValidationInfo) -> str:
        if in_production(info) and not url.startswith("https://"):
            raise ValueError("set it to the public https:// address of this service")
        if not url.startswith(("http://", "https://")):
            raise ValueError("must start with https:// (or http:// in development)")
        return url.rstrip("/")

    @field_validator("aws_endpoint_url")
    @classmethod
    def _aws_endpoint(cls, url: str | None, info: ValidationInfo) -> str | None:
        problem = url and url_problem(url, production=in_production(info))
        if problem:
            raise ValueError(problem)
        return url

    @field_validator("sikka_marketplace_url")
    @classmethod
    def _marketplace(cls, url: str | None, info: ValidationInfo) -> str | None:
        host = urlsplit(url).hostname if url else None
        if url and not (
            url.startswith("https://") or (is_loopback(host or "") and not in_production(info))
        ):
            raise ValueError("must start with https://")
        return url

    @field_validator("vapi_auth", "vapi_auth_old")
    @classmethod
    def _vapi_auth(cls, text: SecretStr | None) -> SecretStr | None:
        if text is not None and not is_json_object(text.get_secret_value()):
            raise ValueError("must be a Vapi credential as one JSON object")
        return text

    @field_validator("twilio_account_sid")
    @classmethod
    def _twilio_account_sid(cls, sid: str | None) -> str | None:
        return (sid or "").strip() or None

    @field_validator("vapi_old_until")
    @classmethod
    def _vapi_old_until(cls, ends: datetime | None, info: ValidationInfo) -> datetime | None:
        named = (info.data.get("vapi_webhook_secret_old"), info.data.get("vapi_auth_old"))
        if any(named) and ends is None:
            raise ValueError("say until when the old secret is believed, as 2026-01-31T12:00:00Z")
        return ends


def load(*, vendors: Collection[str] | None = None) -> Settings:
    """The settings, or one `BadInput` that lists what is wrong; of PMSs, with those `vendors`."""
    stored, problems = environment.in_parameter_store(environment.read())
    said = environment.read(stored)
    production = said.get("PMS_SYNC_PROFILE") == Profile.PRODUCTION
    known, settings = SERVICES.union(vendors or ()), None
    urls, wrong = vendor_urls(said, vendors=known, production=production)
    problems += wrong
    try:
        settings = Settings(
            _env_file=environment.DOTENV,
            stored=stored,
            vendor_urls=urls,
            vendor_secrets=vendor_secrets(said, vendors=vendors or (), others=names()),
        )
    except ValidationError as error:
        problems = [_sentence(one) for one in error.errors()] + problems
    else:
        named = () if vendors is None else settings.webhook_allowed_ips
        problems += unknown_senders(named, known)
    if settings is None or problems:
        raise BadInput("\n".join(["The configuration cannot be used:", *problems])) from None
    return settings.model_copy(
        update={
            "vendor_secrets": _with_sikka(settings),
            "warnings": (*old_names(said), *weak_links(settings.links)),
        }
    )


def _with_sikka(settings: Settings) -> Mapping[str, Mapping[str, SecretStr]]:
    """Vendors' secrets, with those of Sikka's application, which have older names too."""
    told = {"app_id": settings.sikka_app_id, "app_key": settings.sikka_app_key}
    keys = {key: one for key, one in told.items() if one is not None}
    return {**settings.vendor_secrets, "sikka": keys} if keys else settings.vendor_secrets


def names() -> set[str]:
    """Every variable we read by name, old names included; vendors' overrides come by pattern."""
    found: set[str] = set()
    for field, about in Settings.model_fields.items():
        match about.validation_alias:
            case AliasChoices(choices=choices):
                found.update(str(choice) for choice in choices)
            case str(alias):
                found.add(alias)
            case _ if not about.exclude:
                found.add(field.upper())
    return found


def apart(given: Settings, home: Path) -> Settings:
    """Those of something played in this home: of all that was said of the real thing, nothing."""
    told = {name: about for name, about in Settings.model_fields.items() if not about.exclude}
    # By its name in the environment, which would win over the field's own name.
    said = {
        _outer(name, about.validation_alias): getattr(given, name)
        if name in PLAYED_TOO
        else about.get_default(call_default_factory=True)
        for name, about in told.items()
    }
    return Settings(_env_file=None, **{**said, "PMS_SYNC_HOME": home})


def unsaid(*, vendors: Collection[str]) -> dict[str, str]:
    """For a child process: an empty word in the place of every one this process was told."""
    ours = tuple(f"{vendor.upper()}_" for vendor in SERVICES.union(vendors))
    known = names()
    told = environment.of_this_process()
    return {name: "" for name in told if name.upper() in known or name.upper().startswith(ours)}


def _outer(name: str, alias: Any) -> str:
    return str(alias.choices[0] if isinstance(alias, AliasChoices) else alias or name)


def _sentence(error: Any) -> str:
    """One problem in one line that names the variable and never its value."""
    name = str(error["loc"][0]).upper() if error["loc"] else "settings"
    spoken = {"PROFILE": "PMS_SYNC_PROFILE", "HOME": "PMS_SYNC_HOME"}.get(name, name)
    return f"{spoken}: {error['msg'].removeprefix('Value error, ')}"
