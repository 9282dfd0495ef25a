"""Every metric that is promised is told, nothing else is, and whatever rests on one finds it."""

import json
import re
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from redis import Redis
from sqlalchemy import TextClause, text

from adapters.measures import access, phone, queues, syncs, tallies, telling, vendors
from adapters.measures.access import SEARCH
from adapters.measures.connections import MOST_NAMED
from adapters.storage.runs import timelines
from domain.accesses import FOLLOWING
from infra.database import dispatch, engine
from producers.following import Hub
from producers.metrics.catalogue import BY_NAME, METRICS, Kind
from producers.metrics.reading import PATIENCE_SECONDS
from producers.metrics.registry import Metrics
from tests.monitoring.promql import metrics_in
from tests.monitoring.world import RULES, World, rules
from tests.storage.rig import ACCOUNT

DEPLOY = RULES.parents[1]
DOCS = Path(__file__).parents[2] / "docs"
DASHBOARD = json.loads((DEPLOY / "grafana" / "pms-sync.json").read_text())
SCRAPE_SECONDS = 10
"""When Prometheus gives up, unless it is told otherwise."""
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
STATEMENTS = {
    f"{part.__name__.rpartition('.')[2]} {name}": one
    for part in (access, phone, queues, syncs, tallies, telling, vendors)
    for name, one in vars(part).items()
    if isinstance(one, TextClause) and name != "_UNTIL"
} | {"outward": timelines._OUTWARD}  # noqa: SLF001 - read across accounts by us
SMALL = {"accounts", "users", "workers", "schedules", "paused_queues", "audit_heads"}
SUFFIXES = re.compile(r"_(bucket|count|sum|created)$")
HOST = re.compile(r"https?://|localhost|\d+\.\d+\.\d+\.\d+|:\d{4}")


def panels() -> Iterator[dict[str, Any]]:
    yield from (one for one in DASHBOARD["panels"] if one["type"] != "row")


def expressions() -> Iterator[str]:
    yield from (target["expr"] for panel in panels() for target in panel["targets"])


def plain(name: str) -> str:
    """What a sample's name is in the catalogue."""
    bare = SUFFIXES.sub("", name)
    return next((one for one in (name, bare, f"{bare}_total") if one in BY_NAME), name)


def busy(world: World) -> None:
    """Something of everything."""
    world.runs("success", 2)
    world.accesses(3)
    world.call("answered", took=2)
    world.write("confirmed")
    world.write("unknown")
    world.rig.put("push_entry", vendor="advancedmd")
    world.rig.put("chore", dedupe_key="dead")
    world.sql(
        "UPDATE jobs SET state = 'dead', error_kind = 'Refused', finished_at = now()"
        " WHERE dedupe_key = 'dead'"
    )
    world.sql(
        """
        INSERT INTO vendor_requests (bucket, at) VALUES
          ('gentu/default/a', now()), ('advancedmd/tier2/b', now())
        """
    )
    world.sql(
        """
        INSERT INTO deliveries (account_id, sender, event, dedupe_key, trace_id)
        VALUES (:id, 'halaxy', 'appointment', 'one', 'trace')
        """,
        id=ACCOUNT,
    )
    world.sql(
        """
        INSERT INTO audit_findings (account_id, rule, person, since, until, counted, threshold)
        VALUES (:id, 'denials', 'Sam Owner', now(), now(), 99, 10)
        """,
        id=ACCOUNT,
    )
    world.metrics.answered("GET", "/sync", status=200, seconds=0.01)
    world.metrics.answered("POST", "/webhooks/{vendor}/{event}", status=401, seconds=0.01)


@pytest.mark.integration
def test_every_metric_of_the_catalogue_is_told_and_no_other(world: World) -> None:
    world.samples()
    busy(world)

    told = {plain(name) for name in world.samples()}

    assert told == set(BY_NAME)


@pytest.mark.integration
def test_every_sample_has_the_labels_of_the_catalogue(world: World) -> None:
    world.samples()
    busy(world)

    for name, vector in world.samples().items():
        wanted = {*BY_NAME[plain(name)].labels}
        for labels in vector:
            assert {label for label, _ in labels} - {"le"} == wanted, name


def test_what_rules_and_panels_ask_for_is_in_the_catalogue() -> None:
    asked = {plain(name) for rule in rules() for name in metrics_in(rule.expr)}
    shown = {plain(name) for text in expressions() for name in metrics_in(text)}

    assert asked <= set(BY_NAME)
    assert shown == set(BY_NAME)


def test_labels_in_rules_and_panels_are_those_of_their_metric() -> None:
    used = [*(rule.expr for rule in rules()), *expressions()]
    selectors = [one for text in used for one in re.findall(r"(pms_sync_\w+)\{([^}]*)\}", text)]

    for name, matchers in selectors:
        for label in re.findall(r"(\w+)\s*(?:=|!)", matchers):
            assert label in BY_NAME[plain(name)].labels, name
    assert len(selectors) > 10


def test_every_rule_says_what_to_do_and_where_it_is_written() -> None:
    headings = re.findall(r"^#+ (.+)$", (DOCS / "runbook.md").read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", one.lower()).replace(" ", "-") for one in headings}

    for rule in rules():
        page, _, anchor = rule.annotations["runbook_url"].partition("#")
        assert page == "docs/runbook.md"
        assert anchor in anchors, rule.name
        assert rule.annotations["summary"]
        assert len(rule.annotations["description"].split()) > 5


def test_the_first_screen_of_the_runbook_leads_on_from_every_alert() -> None:
    first = (DOCS / "runbook.md").read_text().split("\n## ")[1]
    # A row of the table, or one of the things that can wait for the morning.
    told = re.split(r"\n\||;\s|\n\n", first)

    for rule in rules():
        anchor = f"(#{rule.annotations['runbook_url'].partition('#')[2]})"
        assert any(f"`{rule.name}`" in one and anchor in one for one in told), rule.name


def test_every_required_alert_has_a_rule() -> None:
    named = set(re.findall(r"# (R-ALR-\d\d)", RULES.read_text()))

    assert named == {f"R-ALR-{number:02}" for number in range(1, 10)}


def test_names_say_what_they_are() -> None:
    for one in METRICS:
        assert one.name.startswith("pms_sync_")
        assert one.name.endswith("_total") == (one.kind is Kind.COUNTER)
        assert one.says.endswith(".")


def test_the_document_has_every_metric_as_the_code_says_it() -> None:
    told = (DOCS / "monitoring.md").read_text()

    for one in METRICS:
        labels = ", ".join(f"`{label}`" for label in one.labels)
        assert f"| `{one.name}` | {one.kind.value} | {labels} | {one.says} |" in told


def test_the_dashboard_is_one_that_grafana_reads() -> None:
    ids = [one["id"] for one in DASHBOARD["panels"]]
    variables = {one["name"] for one in DASHBOARD["templating"]["list"]}

    assert len(ids) == len(set(ids))
    assert DASHBOARD["uid"] and DASHBOARD["title"] and DASHBOARD["schemaVersion"] >= 36
    assert variables == {"datasource"}
    for panel in panels():
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["title"] and panel["description"].endswith(".")
        assert panel["type"] in {"timeseries", "stat", "table"}
        place = panel["gridPos"]
        assert place["x"] >= 0 and place["x"] + place["w"] <= 24


def test_panels_do_not_lie_on_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_no_machine_is_named_in_what_is_deployed() -> None:
    grafana = [*(DEPLOY / "grafana").rglob("*.json"), *(DEPLOY / "grafana").rglob("*.yml")]

    for path in grafana:
        assert not HOST.search(path.read_text()), path.name
    assert len(grafana) == 3


def test_the_provisioning_and_the_example_are_yaml_that_points_at_what_is_there() -> None:
    example = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    folder = DEPLOY / "grafana" / "provisioning"
    source = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text())
    boards = yaml.safe_load((folder / "dashboards" / "pms-sync.yml").read_text())

    assert example["rule_files"] == [RULES.name]
    assert example["scrape_configs"][0]["metrics_path"] == "/metrics"
    assert source["datasources"][0]["type"] == "prometheus"
    assert boards["providers"][0]["type"] == "file"


@pytest.mark.integration
@pytest.mark.parametrize("statement", [*STATEMENTS.values()], ids=[*STATEMENTS])
def test_whatever_grows_is_read_by_an_index(world: World, statement: TextClause) -> None:
    spans = {"since": LONG_AGO, "until": LONG_AGO, "most": 1}
    values = {**spans, "queues": ["sync"], "vendors": ["advancedmd"]}

    with dispatch(world.rig.engine) as db:
        db.execute(text("SET LOCAL enable_seqscan = off"))
        plan = db.execute(text(f"EXPLAIN {statement.text}"), values).scalars().all()

    read = {found for line in plan for found in re.findall(r"Seq Scan on (\w+)", line)}
    assert read <= SMALL


@pytest.mark.integration
def test_only_so_many_connections_are_named_and_the_late_ones_first(world: World) -> None:
    world.sql(
        """
        INSERT INTO pms_connections (account_id, connector, pms_type, display_name, site, timezone,
                                     state, last_sync_at)
        SELECT :id, 'gentu', 'gentu', 'Example ' || n, 'more-' || n, 'Australia/Melbourne',
               'ACTIVE', now()
        FROM generate_series(1, :more) AS n
        """,
        id=ACCOUNT,
        more=MOST_NAMED + 4,
    )
    world.sql(
        "UPDATE pms_connections SET last_sync_at = now() - interval '5 hours' WHERE site = 'more-9'"
    )

    found = world.samples()

    behind = found["pms_sync_connection_behind_seconds"]
    assert len(behind) == MOST_NAMED
    assert max(behind.values()) > 4 * 3600
    assert list(found["pms_sync_connections_unnamed"].values()) == [5.0]


@pytest.mark.integration
def test_nobody_is_named_on_either_side_of_an_access(world: World) -> None:
    world.sql(
        "INSERT INTO users (account_id, name, role) VALUES (:id, 'Sam Owner', 'owner')", id=ACCOUNT
    )
    world.sql(
        """
        INSERT INTO pms_audit_logs (account_id, action, endpoint, user_id, phi_accessed, patient_id,
                                    request_summary)
        VALUES (:id, 'entry.read', '/sheet/entries/{entry_id}', 'Sam Owner', true, 'patient-77',
                'Ann Example')
        """,
        id=ACCOUNT,
    )

    page = world.page()

    assert 'role="owner",route="/sheet/entries/{entry_id}"} 1.0' in page
    assert "Sam" not in page
    assert "patient-77" not in page
    assert "Ann" not in page


@pytest.mark.integration
def test_a_search_is_one_look_however_many_patients_it_finds(world: World) -> None:
    world.accesses(4)
    world.sql("UPDATE pms_audit_logs SET endpoint = :route, created_at = now()", route=SEARCH)
    world.accesses(2)

    found = world.samples()

    assert list(found["pms_sync_phi_busiest_person_last_hour"].values()) == [3.0]


@pytest.mark.integration
@pytest.mark.parametrize("route", FOLLOWING)
def test_what_follows_the_sheet_is_no_person_who_reads_too_fast(world: World, route: str) -> None:
    world.accesses(700)
    world.sql("UPDATE pms_audit_logs SET endpoint = :route", route=route)
    world.accesses(3)

    found = world.samples()

    assert list(found["pms_sync_phi_busiest_person_last_hour"].values()) == [3.0]
    assert sum(found["pms_sync_phi_accesses_last_hour"].values()) == 703


@pytest.mark.integration
def test_a_practice_that_is_shut_breaks_no_promise(world: World) -> None:
    world.connection_is("last_sync_at = now() - interval '9 hours'")
    late = world.samples()["pms_sync_connection_behind_seconds"]
    # Open for one minute of a day that is three days off.
    world.connection_is(
        """opening_hours = jsonb_build_object(
             lower(to_char(now() + interval '3 days', 'Dy')), '[["00:00", "00:01"]]'::jsonb)"""
    )
    shut = world.samples()["pms_sync_connection_behind_seconds"]

    assert max(late.values()) > 8 * 3600
    assert set(shut.values()) == {0.0}


@pytest.mark.integration
def test_the_same_is_told_again_for_a_few_seconds(world: World) -> None:
    kept = Metrics(world.rig.engine, world.redis, _Nobody(), kept=3600, lag=0)  # type: ignore[arg-type]
    before = kept.text()
    world.rig.put()

    assert b'pms_sync_jobs{queue="default",state="ready"} 0.0' in before
    assert b'pms_sync_jobs{queue="default",state="ready"} 0.0' in kept.text()
    assert 'pms_sync_jobs{queue="default",state="ready"} 1.0' in world.page()


@pytest.mark.integration
def test_a_database_that_says_nothing_is_told_within_a_scrape(redis_client: Redis) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none"
        away = engine(url, application_name="tests")
        metrics = Metrics(away, redis_client, Hub(away, url), kept=0, lag=0, patience=0.5)
        began = time.monotonic()

        page, again = metrics.text().decode(), metrics.text().decode()

        assert time.monotonic() - began < 10
    for told in (page, again):
        assert "pms_sync_database_up 0.0" in told
        assert 'pms_sync_part_failed{part="vendors"} 1.0' in told
    assert PATIENCE_SECONDS < SCRAPE_SECONDS
    away.dispose()


@pytest.mark.integration
def test_lengths_of_syncs_are_counted_into_a_histogram(world: World) -> None:
    world.samples()
    world.runs("success", 2, seconds=4)
    world.runs("success", 1, seconds=90)

    page = world.page()

    assert 'pms_sync_run_seconds_bucket{le="5.0",vendor="gentu"} 2.0' in page
    assert 'pms_sync_run_seconds_bucket{le="+Inf",vendor="gentu"} 3.0' in page
    assert 'pms_sync_run_seconds_sum{vendor="gentu"} 98.0' in page
    assert 'pms_sync_jobs_put_total{queue="default"} 3.0' in page
    assert 'pms_sync_jobs_ended_total{queue="default",state="done"} 3.0' in page


@pytest.mark.integration
def test_a_method_nobody_knows_makes_no_series_of_its_own(world: World) -> None:
    world.metrics.answered("BREW", "unknown", status=404, seconds=0.01)
    world.metrics.answered("STIR", "unknown", status=404, seconds=0.01)

    page = world.page()

    assert 'method="other",route="unknown",status="404"} 2.0' in page
    assert "BREW" not in page


class _Nobody:
    """Nobody follows the sheet."""

    readers = 0
