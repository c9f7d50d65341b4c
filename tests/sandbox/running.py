"""A sandbox as a process of its own, and clients that hold both sides to its contract."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = yaml.safe_load((ROOT / "sandbox" / "openapi.yaml").read_text(encoding="utf-8"))
URN = "urn:contract"
REGISTRY = Registry().with_resource(URN, Resource.from_contents(CONTRACT, default_specification=DRAFT202012))
JST = timezone(timedelta(hours=9))
JAL = {"X-Corporate-Id": "JL-AOZORA", "Authorization": "Bearer sandbox-jal"}
YADO = {"X-Api-Key": "sandbox-yado"}


class Running:
    """One sandbox process. `now` and `kill` do what they say; `call` checks what goes out and comes in."""

    def __init__(self, directory: Path, seed: int = 1) -> None:
        self.state_dir = directory / "state"
        self.clock_file = directory / "clock"
        self._seed = seed
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "sandbox", "--port", "0", "--seed", str(self._seed)]
        command += ["--state-dir", str(self.state_dir), "--clock-file", str(self.clock_file)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self._out = self.process.stdout
        said, _, self.address = self._out.readline().rstrip().rpartition(" ")
        assert said == "sandbox listening on"
        self.client = httpx.Client(base_url=self.address, timeout=10)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.client.close()
        self.process.send_signal(number)
        code = self.process.wait(10)
        self._out.close()
        return code

    def now(self, text: str) -> None:
        """Shifts business time to a moment in Japan, such as 2026-12-01T09:00."""
        wanted = datetime.fromisoformat(text).replace(tzinfo=JST)
        clock = self.client.get("/_control/clock").json()
        ahead = int((wanted - datetime.fromisoformat(clock["now"])).total_seconds())
        self.clock_file.write_text(str(clock["shift_seconds"] + ahead))

    def reset(self, seed: int = 1) -> None:
        self.call("POST", "/_control/reset", {"seed": seed})

    def truth(self) -> Any:
        return self.call("GET", "/_control/state").json()

    def fault(self, supplier: str, operation: str, fault: str, **more: Any) -> None:
        self.call("POST", "/_control/faults", {"supplier": supplier, "operation": operation, "fault": fault} | more)

    def call(self, method: str, path: str, body: Any = None, *, wrong: bool = False, **options: Any) -> httpx.Response:
        """Sends; the request follows the contract unless it is `wrong` on purpose, and the answer always does."""
        operation, pointer = operation_of(method, path)
        if "requestBody" in operation and not wrong:
            check(f"{pointer}/requestBody/content/application~1json/schema", body)
        response = self.client.request(method, path, json=body, **options)
        check_answer(operation, pointer, response)
        return response

    def jal(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return self.call(method, f"/jal-online/v1{path}", body, headers=JAL, **options)

    def yado(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return self.call(method, f"/yado-net/v1{path}", body, headers=YADO, **options)


def operation_of(method: str, path: str) -> tuple[dict[str, Any], str]:
    bare = path.partition("?")[0]
    for template, item in CONTRACT["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), bare) and method.lower() in item:
            return item[method.lower()], f"/paths/{template.replace('/', '~1')}/{method.lower()}"
    raise AssertionError(f"{method} {path} is not in the contract")


def check_answer(operation: dict[str, Any], pointer: str, response: httpx.Response) -> None:
    status = str(response.status_code)
    status = status if status in operation["responses"] else "default"
    answer = operation["responses"][status]
    where = f"{pointer}/responses/{status}"
    if "$ref" in answer:
        where = answer["$ref"].removeprefix("#")
        answer = CONTRACT["components"]["responses"][where.rpartition("/")[2]]
    kind = response.headers.get("content-type", "")
    if not answer.get("content"):
        assert response.content == b""
        return
    declared = next(one for one in answer["content"] if kind.startswith(one))
    if declared == "application/json":
        check(f"{where}/content/application~1json/schema", response.json())


def check(pointer: str, value: Any) -> None:
    Draft202012Validator({"$ref": f"{URN}#{pointer}"}, registry=REGISTRY).validate(value)
