"""The contract is a right OpenAPI document and tells the truth about what is there."""

from __future__ import annotations

import httpx
import pytest
import yaml
from openapi_spec_validator import validate

from tests.sandbox.running import CONTRACT, JAL, Running


def test_the_contract_is_valid_openapi():
    validate(CONTRACT)


def test_the_sandbox_serves_its_contract_as_yaml_and_as_json(box: Running):
    assert yaml.safe_load(box.client.get("/openapi.yaml").content) == CONTRACT
    assert box.call("GET", "/openapi.json").json() == CONTRACT


def test_every_operation_of_the_contract_can_be_given_a_fault(box: Running):
    for path, item in CONTRACT["paths"].items():
        for operation in item.values():
            if isinstance(operation, dict) and "x-operation" in operation:
                box.fault(path.split("/")[1], operation["x-operation"], "error_500")


def test_an_operation_that_a_supplier_does_not_have_is_refused_a_fault(box: Running):
    fault = {"supplier": "yado-net", "operation": "ticket", "fault": "hang"}
    assert box.call("POST", "/_control/faults", fault).json()["error"]["field"] == "operation"


def test_unknown_addresses_and_methods_are_refused(box: Running):
    assert box.client.get("/jal-online/v2/bookings").status_code == 404
    assert box.client.delete("/jal-online/v1/bookings").status_code == 405


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(box: Running, body: bytes):
    response = httpx.post(f"{box.address}/jal-online/v1/bookings", content=body, headers=JAL)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "INVALID_REQUEST")


def test_a_body_that_is_too_large_is_refused(box: Running):
    response = httpx.post(f"{box.address}/jal-online/v1/bookings", content=b" " * 1_000_001, headers=JAL)
    assert response.status_code == 413


def test_the_clock_is_read_at_each_call(box: Running):
    assert box.call("GET", "/_control/clock").json()["now"].startswith("2026-12-01T09:00")
    box.now("2027-01-04T00:00")
    assert box.call("GET", "/_control/clock").json()["today"] == "2027-01-04"
    box.clock_file.unlink()
    assert box.call("GET", "/_control/clock").json()["shift_seconds"] == 0
