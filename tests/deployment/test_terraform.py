"""Terraform as it stands: names that the service reads, calls that it makes, and no value."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.secrets.names import checked_name
from infra.settings import Settings, names
from tests.deployment.image import ROOT

FOLDER = ROOT / "infra" / "deploy" / "terraform"
FILES = {path.name: path.read_text() for path in sorted(FOLDER.glob("*.tf"))}
ALL = "\n".join(FILES.values())
EXAMPLE = (FOLDER / "terraform.tfvars.example").read_text()
ASKED_FOR = {
    "sikka_app_id",
    "sikka_app_key",
    "vapi_api_key",
    "vapi_webhook_secret",
    "twilio_account_sid",
    "twilio_auth_token",
    "twilio_messaging_service_sid",
}
KEYS = {
    "database_url",
    "redis_url",
    "encryption_key",
    "jwt_secret",
    "audit_key",
    "metrics_token",
}
ALSO_NEEDED = {
    # A date until which an object is locked is a permission of its own.
    "put_object": {"s3:PutObject", "s3:PutObjectRetention"},
    "list_objects_v2": {"s3:ListBucket"},
}


def blocks(kind: str) -> dict[str, str]:
    """Top-level blocks of a kind, by their labels."""
    found = re.findall(rf'^{kind} ((?:"[\w-]+" ?)+)\{{\n(.*?)^\}}', ALL, re.MULTILINE | re.DOTALL)
    return {labels.strip().replace('"', "").replace(" ", "."): body for labels, body in found}


def called(path: Path) -> Iterator[str]:
    """The calls of boto3 that a module names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            first = node.args[0]
            if node.func.attr in {"_called", "get_paginator"} and isinstance(first, ast.Constant):
                yield str(first.value)


def permission(service: str, call: str) -> set[str]:
    plain = {f"{service}:{''.join(part.title() for part in call.split('_'))}"}
    return ALSO_NEEDED.get(call, plain)


def allowed(document: str) -> set[str]:
    body = blocks("data")[f"aws_iam_policy_document.{document}"]
    lists = re.findall(r"actions\s+= \[([^\]]*)\]", body)
    return {one for part in lists for one in re.findall(r'"(\w+:\w+)"', part)}


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_is_whole_and_laid_out_as_terraform_does(name: str) -> None:
    plain = re.sub(r'"[^"\n]*"|#.*', "", FILES[name])

    for opening, closing in ("{}", "[]", "()"):
        assert plain.count(opening) == plain.count(closing)
    assert "\t" not in FILES[name]
    assert not re.search(r"[ \t]+$", FILES[name], re.MULTILINE)
    assert all(len(line) - len(line.lstrip()) in range(0, 12, 2) for line in plain.splitlines())


def test_every_variable_that_was_asked_for_is_there_by_its_name() -> None:
    assert set(blocks("variable")) >= ASKED_FOR


@pytest.mark.parametrize("name", sorted(ASKED_FOR | KEYS))
def test_a_value_is_kept_in_no_state_and_shown_in_no_plan(name: str) -> None:
    body = blocks("variable")[name]
    uses = re.findall(rf"^\s*(\w+)\s*=.*var\.{name}\b", ALL, re.MULTILINE)
    written = [one for one in uses if one != "condition"]

    assert "ephemeral   = true" in body
    assert "sensitive   = true" in body
    assert re.findall(r"default\s+= (.*)", body) == (["null"] if name in ASKED_FOR else [])
    assert written in (["value_wo"], ["secret_string_wo"])


@pytest.mark.parametrize("name", sorted(ASKED_FOR))
def test_a_value_is_asked_for_where_its_service_is_named_and_only_there(name: str) -> None:
    service = name.partition("_")[0]
    made = blocks("resource")[f"aws_ssm_parameter.{name}"]
    given = f'contains(var.services, "{service}") == (var.{name} != null && var.{name} != "")'

    assert f'  count = contains(var.services, "{service}") ? 1 : 0\n' in made
    assert f"condition     = {given}\n" in blocks("variable")[name]


def test_no_service_is_named_until_somebody_names_it() -> None:
    body = blocks("variable")["services"]
    services = {name.partition("_")[0] for name in ASKED_FOR}

    assert re.findall(r"default\s+= (.*)", body) == ["[]"]
    assert set(re.findall(r"setsubtract\(var.services, \[(.*)\]\)", body)[0].split(", ")) == {
        f'"{one}"' for one in services
    }


def test_the_example_holds_no_value() -> None:
    given = dict(re.findall(r'^(?:# )?(\w+)\s*= "(.*)"$', EXAMPLE, re.MULTILINE))

    assert set(given) <= set(blocks("variable"))
    assert {name: given[name] for name in ASKED_FOR | KEYS} == dict.fromkeys(ASKED_FOR | KEYS, "")


def test_no_variable_is_left_over_and_none_is_missing() -> None:
    used = set(re.findall(r"\bvar\.(\w+)", ALL))

    assert used == set(blocks("variable"))


def test_whatever_is_referred_to_is_there() -> None:
    plain = re.sub(r"#.*", "", ALL)
    named = set(re.findall(r"(?<!\w)((?:data\.)?aws_\w+\.\w+)", plain))
    read = {
        f"data.{kind}.{name}"
        for kind, name in re.findall(r'^data "(\w+)" "(\w+)"', ALL, re.MULTILINE)
    }
    made = set(blocks("resource")) | read
    parts = re.findall(r"^locals \{\n(.*?)^\}", ALL, re.MULTILINE | re.DOTALL)
    noted = set(re.findall(r"^  (\w+)\s*=", "".join(parts), re.MULTILINE))

    assert len(named) >= 10
    assert named - made == set()
    assert set(re.findall(r"\blocal\.(\w+)", plain)) == noted


def test_each_parameter_has_the_name_the_service_reads() -> None:
    found = dict(re.findall(r'name\s+= "\$\{local\.parameter_path\}/(\w+)"\n(.*?)^\}',
                            ALL, re.MULTILINE | re.DOTALL))  # fmt: skip

    assert set(found) == {one.upper() for one in ASKED_FOR} | {"APP_BASE_URL"}
    assert set(found) <= names()
    for name, body in found.items():
        assert f"var.{name.lower()}\n" in body
        assert name == "APP_BASE_URL" or '"SecureString"' in body


def test_the_service_is_told_only_what_it_reads() -> None:
    outputs = blocks("output")
    plain = set(re.findall(r"^    ([A-Z_]+)\s*=", outputs["service_variables"], re.MULTILINE))
    keys = set(re.findall(r'"([A-Z_]+)"', ALL.partition("key_names = toset(")[2].partition(")")[0]))

    assert plain
    assert plain | keys <= names()
    assert keys == {one.upper() for one in KEYS}


def test_what_kubernetes_is_to_be_given_is_kept() -> None:
    guide = (ROOT / "docs" / "deployment.md").read_text()
    (told,) = re.findall(r"secret `pms-sync-keys` with (.*?)\. No value", guide, re.DOTALL)

    assert set(re.findall(r"`([A-Z_]+)`", told)) == {one.upper() for one in KEYS}


def test_practices_secrets_lie_where_the_service_may_look() -> None:
    prefix = re.search(r'default\s+= "(.*)"', blocks("variable")["secrets_prefix"])

    assert prefix is not None
    assert prefix[1] == Settings.model_fields["secrets_prefix"].default == checked_name(prefix[1])
    assert ":secret:${var.secrets_prefix}/*" in FILES["iam.tf"]


def test_the_service_may_do_what_its_code_calls_and_nothing_else() -> None:
    code = {
        "secretsmanager": ROOT / "adapters" / "secrets" / "aws.py",
        "ssm": ROOT / "infra" / "parameters.py",
        "s3": ROOT / "adapters" / "anchors" / "s3.py",
    }
    wanted = {
        one
        for service, path in code.items()
        for call in called(path)
        for one in permission(service, call)
    }

    assert len(wanted) >= 9
    # To open what the calls bring back.
    assert allowed("service") == wanted | {"kms:Decrypt"}
    assert allowed("start") == {"secretsmanager:GetSecretValue", "kms:Decrypt"}


def test_no_module_calls_aws_that_no_policy_knows_of() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("adapters", "infra", "producers", "scheduler", "workers", "console")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"import boto|import_module\(.boto3", path.read_text())
    }

    assert found == {
        "infra/aws.py",
        "infra/boto.py",
        "infra/parameters.py",
    }


def test_no_policy_allows_everything() -> None:
    allows = re.sub(r'effect\s+= "Deny".*?^  \}', "", ALL, flags=re.MULTILINE | re.DOTALL)

    assert not re.search(r"actions\s+=\s+\[[^\]]*\*", ALL)
    assert '"*"' not in allows


def test_git_ignores_what_may_hold_values() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()

    assert {"*.tfvars", ".terraform/", "*.tfstate*"} <= set(ignored)
