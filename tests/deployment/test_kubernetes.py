"""The Kubernetes example: what it names exists, it holds no privilege, and it grows with work."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from itertools import takewhile
from math import ceil
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from adapters import pms
from console.awaiting import PATIENCE_SECONDS, PROBED_SECONDS
from console.running import app
from console.staying import SPARE_CONNECTIONS
from domain.errors import BadInput
from infra.settings import load, names
from producers.main import GRACE_SECONDS
from tests.deployment.image import ROOT
from workers.main import STOP_SECONDS, THREADS

FOLDER = ROOT / "infra" / "deploy" / "kubernetes"
BASE: Mapping[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
GUIDE = (ROOT / "docs" / "deployment.md").read_text()
CONFIG = "ConfigMap/pms-sync"
KEYS = {"DATABASE_URL", "REDIS_URL", "ENCRYPTION_KEY", "JWT_SECRET", "METRICS_TOKEN"}
SCALER = re.findall(r"^ +((?:CREATE ROLE|CREATE VIEW|GRANT) .*;)$", GUIDE, re.MULTILINE)
"""How the role is made that KEDA signs in as."""

VERSIONS = {
    "ConfigMap": "v1",
    "Deployment": "apps/v1",
    "Ingress": "networking.k8s.io/v1",
    "Job": "batch/v1",
    "Namespace": "v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "PodDisruptionBudget": "policy/v1",
    "ScaledObject": "keda.sh/v1alpha1",
    "Service": "v1",
    "ServiceAccount": "v1",
    "TriggerAuthentication": "keda.sh/v1alpha1",
}


def documents() -> Iterator[Mapping[str, Any]]:
    for name in BASE["resources"]:
        yield from yaml.safe_load_all((FOLDER / name).read_text())


MADE = {f"{one['kind']}/{one['metadata']['name']}": one for one in documents()}
PODS = {
    name: one["spec"]["template"]
    for name, one in MADE.items()
    if one["kind"] in {"Deployment", "Job"}
}
SCALED = {name: one["spec"] for name, one in MADE.items() if one["kind"] == "ScaledObject"}


def of_kind(kind: str) -> Mapping[str, Mapping[str, Any]]:
    return {name: one for name, one in MADE.items() if one["kind"] == kind}


def container(name: str) -> Mapping[str, Any]:
    (only,) = PODS[name]["spec"]["containers"]
    found: Mapping[str, Any] = only
    return found


def test_every_file_of_the_folder_is_part_of_the_base() -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}

    assert set(BASE["resources"]) == files
    assert len(MADE) == len(list(documents()))


def test_the_image_is_the_one_of_this_version() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert BASE["images"][0]["newTag"] == told


def test_the_job_that_migrates_is_another_one_in_each_version() -> None:
    (job,) = of_kind("Job").values()

    assert job["metadata"]["name"] == f"migrate-{BASE['images'][0]['newTag']}"
    assert job["spec"]["ttlSecondsAfterFinished"] > 0


def test_what_the_job_needs_can_be_applied_alone_with_it() -> None:
    first = {name for name, one in MADE.items() if staged(one)}
    (job,) = of_kind("Job").values()
    pod = job["spec"]["template"]["spec"]
    named = {f"ConfigMap/{one['configMapRef']['name']}" for one in sources(pod, "configMapRef")}

    assert first == {
        f"Job/{job['metadata']['name']}",
        f"Namespace/{BASE['namespace']}",
        f"ServiceAccount/{pod['serviceAccountName']}",
        *named,
    }


def staged(document: Mapping[str, Any], stage: str = "first") -> bool:
    return bool(document["metadata"].get("labels", {}).get("stage") == stage)


def sources(pod: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    return [one for one in pod["containers"][0]["envFrom"] if kind in one]


def test_workers_are_replaced_before_whoever_writes_jobs_for_them() -> None:
    """A job of a kind that its worker does not know is dead at once."""
    second = {name for name, one in MADE.items() if staged(one, "second")}

    assert second == {name for name in of_kind("Deployment") if "/worker-" in name}


def test_the_guide_s_steps_come_in_an_order_in_which_each_can_be_taken() -> None:
    """The scaler's view is one of a table that is migrated, and secrets are in a namespace."""
    (job,) = of_kind("Job").values()
    steps = [
        "namespace.yaml`",
        "the secret `pms-sync-keys`",
        "-l stage=first",
        f"job/{job['metadata']['name']}",
        "CREATE VIEW scaling_jobs",
        "apply -k OVERLAY -l stage=second",
        "rollout status deployment -l stage=second",
        "apply -k OVERLAY\n",
    ]
    guide = GUIDE.partition("## Kubernetes")[2]
    found = [guide.index(one) for one in steps]

    assert found == sorted(found)


def test_postgres_has_room_for_every_process_while_all_of_them_are_replaced() -> None:
    """What replaces a quarter of them, rounded up, comes before they go."""
    pools = {name.partition("worker-")[2]: one["maxReplicaCount"] for name, one in SCALED.items()}
    each_of = {pool: THREADS[pool] + SPARE_CONNECTIONS for pool in pools}
    workers = sum(ceil(count * 1.25) * each_of[pool] for pool, count in pools.items())
    others = {"ingress": 25, "scheduler": 10}
    replicas = {one: MADE[f"Deployment/{one}"]["spec"]["replicas"] + 1 for one in others}
    wanted = workers + sum(replicas[one] * each for one, each in others.items())
    (told,) = re.findall(r"`max_connections` of (\d+)", GUIDE)

    assert f"take {wanted} (max_connections)" in (FOLDER / "scaling.yaml").read_text()
    # Commands, the scaler, backups and what is kept for superusers.
    assert int(told) >= wanted + 25


def test_every_document_is_of_a_kind_and_version_that_exists() -> None:
    assert {one["kind"]: one["apiVersion"] for one in MADE.values()} == VERSIONS


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_pod_holds_no_privilege(name: str) -> None:
    pod, held = PODS[name]["spec"], container(name)["securityContext"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert held == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_pod_says_what_it_needs_and_writes_only_where_it_may(name: str) -> None:
    held, pod = container(name), PODS[name]["spec"]
    mounted = {one["name"]: one["mountPath"] for one in held["volumeMounts"]}

    assert set(held["resources"]["requests"]) == {"cpu", "memory"}
    assert "memory" in held["resources"]["limits"]
    assert mounted == {"home": MADE[CONFIG]["data"]["PMS_SYNC_HOME"], "temporary": "/tmp"}  # noqa: S108 - in a container
    assert {one["name"] for one in pod["volumes"]} == set(mounted)
    assert all("sizeLimit" in one["emptyDir"] for one in pod["volumes"])


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_pod_runs_a_command_of_ours_from_our_image(name: str) -> None:
    held = container(name)
    plain = list(takewhile(lambda one: not one.startswith("-"), held["args"]))
    told = CliRunner().invoke(app, [*plain, "--help"], env={"COLUMNS": "200"})

    assert told.exit_code == 0
    assert {one for one in held["args"] if one.startswith("--")} <= set(
        re.findall(r"--[a-z-]+", told.output)
    )
    assert held["image"] == BASE["images"][0]["name"]
    assert "command" not in held


@pytest.mark.parametrize("name", sorted(PODS))
def test_variables_come_from_the_config_and_the_secret_alone(name: str) -> None:
    assert container(name)["envFrom"] == [
        {"configMapRef": {"name": "pms-sync"}},
        {"secretRef": {"name": "pms-sync-keys"}},
    ]
    assert "env" not in container(name)


def test_every_variable_is_one_the_service_reads() -> None:
    told = (FOLDER / "config.yaml").read_text()

    assert set(MADE[CONFIG]["data"]) <= names()
    assert names() >= KEYS
    assert all(key in told for key in KEYS)


def test_the_configuration_is_fit_for_production_with_its_keys(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in MADE[CONFIG]["data"].items():
        monkeypatch.setenv(name, value)
    # What it would read at AWS is not here; the rest has to hold.
    monkeypatch.delenv("AWS_SSM_PREFIX")
    with pytest.raises(BadInput) as caught:
        load()

    missing = set(re.findall(r"^([A-Z_]+): ", str(caught.value), re.MULTILINE))
    assert missing == KEYS - {"METRICS_TOKEN"}


def test_no_value_of_a_secret_is_here() -> None:
    assert not of_kind("Secret")
    for path in FOLDER.glob("*.yaml"):
        assert not re.search(r"password|BEGIN|postgresql://|rediss?://", path.read_text())


def test_every_pool_and_process_is_there_and_never_a_single_one_that_matters() -> None:
    deployments = of_kind("Deployment")

    assert set(deployments) == {
        *("Deployment/ingress", "Deployment/scheduler"),
        *(f"Deployment/worker-{pool}" for pool in ("voice", "sync", "default")),
    }
    assert deployments["Deployment/ingress"]["spec"]["replicas"] == 2
    assert deployments["Deployment/scheduler"]["spec"]["replicas"] == 2
    # KEDA says how many workers there are; a number here would undo what it said.
    assert not [
        name for name, one in deployments.items() if "worker" in name and "replicas" in one["spec"]
    ]
    assert SCALED["ScaledObject/worker-voice"]["minReplicaCount"] == 2


@pytest.mark.parametrize("name", sorted(of_kind("Deployment")))
def test_what_points_at_pods_finds_them(name: str) -> None:
    labels = {"app.kubernetes.io/name": name.partition("/")[2]}
    spec = MADE[name]["spec"]

    assert spec["selector"]["matchLabels"] == labels == PODS[name]["metadata"]["labels"]
    budget = MADE[f"PodDisruptionBudget/{name.partition('/')[2]}"]["spec"]
    assert budget["selector"]["matchLabels"] == labels
    assert budget["maxUnavailable"] == 1


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_pod_has_the_time_to_finish_what_it_began(name: str) -> None:
    grace = PODS[name]["spec"]["terminationGracePeriodSeconds"]

    assert grace - before_it_is_told(name) > (STOP_SECONDS if "worker" in name else GRACE_SECONDS)


def before_it_is_told(name: str) -> int:
    """What goes off its time: the signal comes once the hook has ended."""
    hook = PODS[name]["spec"]["containers"][0].get("lifecycle", {}).get("preStop")
    return int(hook["exec"]["command"][1]) if hook else 0


def test_the_way_in_leads_to_the_ingress_over_tls() -> None:
    route = MADE["Ingress/pms-sync"]["spec"]
    (rule,) = route["rules"]
    (path,) = rule["http"]["paths"]
    service = MADE["Service/ingress"]["spec"]
    port = container("Deployment/ingress")["ports"][0]

    assert route["tls"][0]["hosts"] == [rule["host"]]
    assert MADE[CONFIG]["data"]["APP_BASE_URL"] == f"https://{rule['host']}"
    assert path["backend"]["service"] == {"name": "ingress", "port": {"name": "http"}}
    assert service["ports"][0]["targetPort"] == port["name"] == "http"
    assert service["selector"] == PODS["Deployment/ingress"]["metadata"]["labels"]


def test_no_controller_logs_the_token_of_a_sign_in_link() -> None:
    whole, login = MADE["Ingress/pms-sync"], MADE["Ingress/login"]
    (path,) = login["spec"]["rules"][0]["http"]["paths"]

    assert login["metadata"]["annotations"] == {
        "nginx.ingress.kubernetes.io/force-ssl-redirect": "true",
        "nginx.ingress.kubernetes.io/enable-access-log": "false",
    }
    assert (path["path"], path["pathType"]) == ("/login", "Exact")
    for part in ("ingressClassName", "tls"):
        assert login["spec"][part] == whole["spec"][part]
    assert login["spec"]["rules"][0]["host"] == whole["spec"]["rules"][0]["host"]
    assert path["backend"] == whole["spec"]["rules"][0]["http"]["paths"][0]["backend"]


def test_the_ingress_is_asked_whether_it_lives_and_not_whether_others_do() -> None:
    held = container("Deployment/ingress")
    probes = [held[one] for one in ("startupProbe", "livenessProbe", "readinessProbe")]

    assert {one["httpGet"]["path"] for one in probes} == {"/healthz"}


def test_an_ingress_that_waits_for_its_servers_is_not_ended_for_it() -> None:
    probe = container("Deployment/ingress")["startupProbe"]

    # It waits for each of two, and has to be loaded first.
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 2 * PROBED_SECONDS + 20


def test_whoever_is_not_probed_waits_until_kubernetes_has_forgotten_its_last_end() -> None:
    """Ending again and again costs pauses of up to five minutes, and is forgiven after ten."""
    assert PATIENCE_SECONDS > 10 * 60


def test_nobody_reaches_anybody_unless_it_is_said() -> None:
    nothing = MADE["NetworkPolicy/nothing"]["spec"]
    leaving = MADE["NetworkPolicy/from-processes"]["spec"]["egress"][1]

    assert nothing == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert {one["port"] for one in leaving["ports"]} == {443, 5432, 6379}
    assert all(one["ipBlock"]["except"] for one in leaving["to"])
    assert "169.254.0.0/16" in leaving["to"][0]["ipBlock"]["except"]


@pytest.mark.parametrize("name", sorted(SCALED))
def test_a_pool_is_scaled_by_the_age_of_its_queue(name: str) -> None:
    spec = SCALED[name]
    (trigger,) = spec["triggers"]
    pool = name.partition("worker-")[2]

    assert f"Deployment/{spec['scaleTargetRef']['name']}" in PODS
    assert trigger["type"] == "postgresql"
    assert f"TriggerAuthentication/{trigger['authenticationRef']['name']}" in MADE
    assert trigger["metadata"]["targetQueryValue"] == "1"
    assert f"queue = '{pool}'" in trigger["metadata"]["query"]
    assert 1 <= spec["minReplicaCount"] < spec["maxReplicaCount"] <= 12


def test_the_cap_of_syncs_is_what_the_vendors_say() -> None:
    """A thread asks about once a second; a budget feeds so many threads, and no more."""
    query = SCALED["ScaledObject/worker-sync"]["triggers"][0]["metadata"]["query"]
    told = re.findall(r"\('(\w+)', (\d+), (true|false)\)", query)
    released = (ROOT / "docs" / "capabilities.md").read_text()
    known = {name: one for name, one in pms.registered().items() if f"[{one.title}" in released}
    fed = {
        name: (max(1, ceil(_a_second(one))), one.limited_per == "application")
        for name, one in known.items()
        if one.limits
    }

    assert {name: (int(threads), wide == "true") for name, threads, wide in told} == fed
    assert f"/ {THREADS['sync']}.0" in query


def _a_second(vendor: Any) -> float:
    """The widest of its budgets, in its shortest window."""
    shortest = [min(limits, key=lambda one: one.seconds) for limits in vendor.limits.values()]
    return float(max(one.requests / one.seconds for one in shortest))
