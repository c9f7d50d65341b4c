"""docker-compose.yml as Compose itself reads it: networks, rights, secrets, ports."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest

from tests.launcher.conftest import REPOSITORY

SERVICES = {"nginx", "web", "io", "cpu", "beat", "migrate", "postgres", "redis"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file after merging, profile `sandbox` included."""
    program = str(REPOSITORY / ".venv" / "bin" / "docker-compose")
    command = [program, "--profile", "sandbox", "config", "--format", "json"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=30, check=True)
    parsed: dict[str, Any] = json.loads(done.stdout)
    return parsed


def networks(compose: dict[str, Any], service: str) -> set[str]:
    return set(compose["services"][service]["networks"])


def test_only_the_sandbox_stands_under_a_profile(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {*SERVICES, "sandbox"}
    assert {name for name, service in compose["services"].items() if service.get("profiles")} == {"sandbox"}


def test_only_nginx_is_published(compose: dict[str, Any]) -> None:
    assert {name for name, service in compose["services"].items() if service.get("ports")} == {"nginx"}


def test_database_and_redis_stand_in_a_network_without_a_way_out(compose: dict[str, Any]) -> None:
    assert networks(compose, "postgres") == networks(compose, "redis") == {"data"}
    assert compose["networks"]["data"]["internal"] is True


def test_nginx_reaches_nothing_but_the_web(compose: dict[str, Any]) -> None:
    assert {name for name in compose["services"] if "front" in networks(compose, name)} == {"nginx", "web"}
    assert networks(compose, "nginx") == {"front"}


def test_of_the_portal_only_the_io_worker_has_a_way_out(compose: dict[str, Any]) -> None:
    assert {name for name in compose["services"] if "app" in networks(compose, name)} == {"io", "sandbox"}


@pytest.mark.parametrize("name", sorted({*SERVICES, "sandbox"}))
def test_each_container_is_hardened(compose: dict[str, Any], name: str) -> None:
    service = compose["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["user"].partition(":")[0]) > 0
    assert service["pids_limit"] > 0
    assert int(service["mem_limit"]) > 0
    assert not service.get("privileged")


@pytest.mark.parametrize("name", sorted(SERVICES - {"migrate"}))
def test_each_service_tells_its_health(compose: dict[str, Any], name: str) -> None:
    assert compose["services"][name]["healthcheck"]["test"]


def test_no_secret_is_a_value_in_the_environment(compose: dict[str, Any]) -> None:
    names = re.compile("SECRET|PASSWORD|PEPPER|KEYS|DATABASE|REDIS_URL")
    for name, service in compose["services"].items():
        for variable, value in (service.get("environment") or {}).items():
            if names.search(variable) and variable not in {"DATABASE_POOL"}:
                assert variable.endswith("_FILE"), f"{name}: {variable}"
                assert value.startswith("/run/secrets/"), f"{name}: {variable}"


def test_each_secret_that_is_named_is_also_given(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        given = {f"/run/secrets/{secret['source']}" for secret in service.get("secrets", [])}
        named = {value for value in (service.get("environment") or {}).values() if value.startswith("/run/secrets/")}
        assert named <= given, name


def test_only_the_migration_may_become_the_owner(compose: dict[str, Any]) -> None:
    holders = {
        name
        for name, service in compose["services"].items()
        if any("owner_url" in secret["source"] for secret in service.get("secrets", []))
    }
    assert holders == {"migrate"}


def test_the_sandbox_holds_no_secret(compose: dict[str, Any]) -> None:
    assert not compose["services"]["sandbox"].get("secrets")


def test_the_database_keeps_its_data_in_a_volume_where_version_18_looks_for_it(compose: dict[str, Any]) -> None:
    volumes = compose["services"]["postgres"]["volumes"]
    assert [volume["target"] for volume in volumes if volume["type"] == "volume"] == ["/var/lib/postgresql"]


def test_connections_to_the_database_need_tls_and_a_password() -> None:
    text = (REPOSITORY / "deploy" / "postgres" / "pg_hba.conf").read_text()
    rules = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    assert [rule for rule in rules if rule[0] != "local" and rule[-1] != "reject"] == [
        ["hostssl", "portal", "portal_app,portal_owner", "all", "scram-sha-256"]
    ]
    assert rules[-1] == ["host", "all", "all", "all", "reject"]


def test_the_image_holds_neither_tests_nor_the_sandbox() -> None:
    stages = (REPOSITORY / "Dockerfile").read_text().split("\nFROM ")
    final = [stage for stage in stages if stage.startswith(("runtime AS portal", "python")) or " AS runtime" in stage]
    assert final
    for stage in final:
        assert not re.search(r"^COPY\s+(sandbox|tests|launcher|\.)\s", stage, re.MULTILINE)
    assert stages[-1].startswith("runtime AS portal")
