"""The script that the client checks invoices with: it confirms a whole year, and finds each error that is planted."""

import ast
import copy
import importlib.util
import json
import random
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from jsonschema import Draft202012Validator

from tests.money.demo_year import RELATIONS, DemoYear, exported, has

PLACE = Path(settings.BASE_DIR) / "docs" / "verify-invoice"
SCRIPT = PLACE / "verify_invoice.py"
ERRORS = 100
Rows = dict[str, dict[str, Any]]
Twin = dict[str, Any]


def load_script() -> Any:
    spec = importlib.util.spec_from_file_location("verify_invoice", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


script = load_script()


@dataclass
class Files:
    """The exported year: in a folder, and as the script reads it."""

    folder: Path
    invoices: dict[str, bytes]
    rows: Rows
    twins: dict[str, Twin]

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.csv"

    def twin_files(self) -> list[Path]:
        return sorted(self.folder.glob("*.json"))


@pytest.fixture(scope="module")
def year(django_db_setup, django_db_blocker, tmp_path_factory) -> Files:
    """The year is made once, exported by both ways, and taken back."""
    folder = tmp_path_factory.mktemp("year")
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch, transaction.atomic():
        patch.setenv("CLOCK_FILE", str(tmp_path_factory.mktemp("clock") / "clock"))
        DemoYear()
        ledger, invoices = exported()
        transaction.set_rollback(True)
    (folder / "ledger.csv").write_bytes(ledger)
    for number, content in invoices.items():
        (folder / f"{number}.json").write_bytes(content)
    rows = script.read_ledger(str(folder / "ledger.csv"))
    return Files(folder, invoices, rows, {number: json.loads(content) for number, content in invoices.items()})


def run(*arguments: object) -> tuple[int, str]:
    """The script as the client runs it: a process of its own, isolated from our packages."""
    done = subprocess.run(
        [sys.executable, "-I", "-X", "utf8", SCRIPT, *map(str, arguments)],
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def differences(rows: Rows, twins: dict[str, Twin]) -> dict[str, str]:
    """What the script says against each invoice that it does not confirm."""
    books = script.Books(rows, list(twins.values()))
    found = {}
    for number, twin in twins.items():
        try:
            script.verify(books, twin)
        except script.Different as difference:
            found[number] = str(difference)
    return found


def test_the_year_has_everything_that_can_happen(year: Files):
    assert len(year.twins) == 12 * 7 - 1 + 1, "September of one office has no invoice; one is a one-off"
    assert all(has(year.invoices, relation) for relation in RELATIONS)
    payable = [twin["invoice"]["payable"] for twin in year.twins.values()]
    assert any(amount < 0 for amount in payable)
    assert any(twin["invoice"]["carried"] < 0 for twin in year.twins.values())
    assert {twin["invoice"]["rounding"] for twin in year.twins.values()} == {"cut", "nearest"}
    assert {row["支払"] for row in year.rows.values()} == {"lump", "self"}
    assert any(line["late_for"] for twin in year.twins.values() for line in twin["lines"])


def test_every_invoice_of_the_year_is_confirmed(year: Files):
    code, text = run(year.ledger, *year.twin_files())
    assert code == 0, "\n".join(line for line in text.splitlines() if "一致(" not in line)
    assert text.count("一致(") == len(year.twins)


def test_each_invoice_is_confirmed_alone(year: Files):
    for number, twin in year.twins.items():
        assert differences(year.rows, {number: twin}) == {}


def test_every_twin_is_what_its_schema_says(year: Files):
    schema = json.loads((PLACE / "invoice-twin.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for twin in year.twins.values():
        assert [error.message for error in validator.iter_errors(twin)] == []


def test_the_script_stands_alone():
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 9))
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported <= set(sys.stdlib_module_names)


def test_a_yen_too_much_is_named_with_line_field_and_both_sums(year: Files, tmp_path: Path):
    number = "2025-0001"
    twin = copy.deepcopy(year.twins[number])
    line = twin["lines"][2]
    line["amount"] += 1
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(twin), encoding="utf-8")
    code, text = run(year.ledger, wrong)
    right = f"{line['amount'] - 1:,}円"
    assert code == 1
    assert re.search(rf"{number} .*不一致 明細3行目.*の金額: 請求書 {line['amount']:,}円、台帳 {right}", text)


@pytest.mark.parametrize("content", ["", "{", '{"schema": "another/1"}', '{"schema": "invoice-twin/1"}', "[]"])
def test_what_is_no_twin_is_said_to_be_none(year: Files, tmp_path: Path, content: str):
    wrong = tmp_path / "wrong.json"
    wrong.write_text(content, encoding="utf-8")
    code, text = run(year.ledger, wrong)
    assert code == 2
    assert "Traceback" not in text


def test_without_files_it_says_how_it_is_used(year: Files):
    code, text = run()
    assert code == 2
    assert "使い方" in text
    assert run(year.folder / "nowhere.csv", year.twin_files()[0])[0] == 2


# -- planted errors ------------------------------------------------------------------------------------------------------


class Planter:
    """Plants one error into copies of the year's files; every choice comes from one seed."""

    def __init__(self, files: Files, seed: int) -> None:
        self.random = random.Random(seed)
        self.rows: Rows = dict(files.rows)
        self.twins = dict(files.twins)
        self.offices = sorted({twin["invoice"]["office"]["code"] for twin in files.twins.values()})
        self.choose()

    def choose(self) -> None:
        """A regular invoice, as a copy that may be changed, and a line of it."""
        self.number = self.random.choice([number for number in self.twins if "S" not in number])
        self.twin = self.twins[self.number] = copy.deepcopy(self.twins[self.number])
        self.line: dict[str, Any] = self.random.choice(self.twin["lines"])

    def row(self) -> dict[str, Any]:
        """The chosen line's row of the ledger, as a copy that may be changed."""
        key = self.line["charge"]
        self.rows[key] = dict(self.rows[key])
        return self.rows[key]

    def yen(self) -> int:
        return self.random.choice([-1, 1])

    def shifted(self, day: str) -> str:
        return (script.day(day) + self.random.choice([-1, 1]) * script.DAY).isoformat()

    def other(self, office: str) -> str:
        return self.random.choice([code for code in self.offices if code != office])

    def amount_of_a_line(self) -> None:
        self.line["amount"] += self.yen()

    def amount_of_a_line_and_its_sums(self) -> None:
        self.line["amount"] += self.yen()
        resum(self.twin)

    def amount_in_the_ledger(self) -> None:
        self.row()["金額"] += self.yen()

    def sum_of_the_face(self) -> None:
        invoice = self.twin["invoice"]
        name = self.random.choice(["total", "tax", "carried", "payable"])
        invoice[name] += self.yen()

    def sum_of_a_table(self) -> None:
        invoice = self.twin["invoice"]
        tables = [name for name in ("taxes", "parts", "departments", "budgets", "advances") if invoice[name]]
        self.random.choice(invoice[self.random.choice(tables)])["amount"] += self.yen()

    def tax_of_a_rate(self) -> None:
        rated = [row for row in self.twin["invoice"]["taxes"] if row["tax"] is not None]
        self.random.choice(rated)["tax"] += self.yen()

    def day_of_a_line(self) -> None:
        name = self.random.choice(["used_on", "occurred_on", "billing_on"])
        self.line[name] = self.shifted(self.line[name])

    def day_in_the_ledger(self) -> None:
        row, name = self.row(), self.random.choice(["利用日", "発生日", "請求の基準日"])
        row[name] = self.shifted(row[name])

    def first_day_of_the_period(self) -> None:
        period = self.twin["invoice"]["period"]
        period["first"] = self.shifted(period["first"])

    def last_day_of_the_period(self) -> None:
        """Of an invoice that another one follows: nothing in a last one tells the closing day."""
        while not any(
            self.number in [told["number"] for told in t["invoice"]["closings"]] for t in self.twins.values()
        ):
            self.choose()
        period = self.twin["invoice"]["period"]
        period["last"] = self.shifted(period["last"])

    def office_in_the_ledger(self) -> None:
        row = self.row()
        row["拠点コード"] = self.other(row["拠点コード"])

    def office_of_the_invoice(self) -> None:
        office = self.twin["invoice"]["office"]
        office["code"] = self.other(office["code"])

    def line_on_another_offices_invoice(self) -> None:
        period = self.twin["invoice"]["period"]
        others = [n for n, twin in self.twins.items() if twin["invoice"]["period"] == period and n != self.number]
        other = self.random.choice(others)
        self.twins[other] = copy.deepcopy(self.twins[other])
        self.twin["lines"].remove(self.line)
        self.twins[other]["lines"].append(self.line)
        resum(self.twin)
        resum(self.twins[other])

    def line_on_the_next_invoice(self) -> None:
        office, last = self.twin["invoice"]["office"], self.twin["invoice"]["period"]["last"]
        later = [
            n for n, twin in self.twins.items()
            if twin["invoice"]["office"] == office and twin["invoice"]["closings"]
            and twin["invoice"]["period"]["last"] > last
        ]  # fmt: skip
        if not later:
            self.line_dropped()
            return
        self.twins[later[0]] = copy.deepcopy(self.twins[later[0]])
        self.twin["lines"].remove(self.line)
        self.twins[later[0]]["lines"].append(self.line)
        resum(self.twin)
        resum(self.twins[later[0]])

    def line_dropped(self) -> None:
        self.twin["lines"].remove(self.line)
        resum(self.twin)

    def line_doubled(self) -> None:
        self.twin["lines"].append(dict(self.line))
        resum(self.twin)

    def row_dropped(self) -> None:
        del self.rows[self.line["charge"]]

    def paid_by_the_traveller(self) -> None:
        self.row()["支払"] = "self"


PLANTS: list[Callable[[Planter], None]] = [
    Planter.amount_of_a_line,
    Planter.amount_of_a_line_and_its_sums,
    Planter.amount_in_the_ledger,
    Planter.sum_of_the_face,
    Planter.sum_of_a_table,
    Planter.tax_of_a_rate,
    Planter.day_of_a_line,
    Planter.day_in_the_ledger,
    Planter.first_day_of_the_period,
    Planter.last_day_of_the_period,
    Planter.office_in_the_ledger,
    Planter.office_of_the_invoice,
    Planter.line_on_another_offices_invoice,
    Planter.line_on_the_next_invoice,
    Planter.line_dropped,
    Planter.line_doubled,
    Planter.row_dropped,
    Planter.paid_by_the_traveller,
]


def resum(twin: Twin) -> None:
    """Make a twin agree with its lines again, so that no sum gives the planted error away."""
    invoice, lines = twin["invoice"], twin["lines"]
    for position, line in enumerate(lines, 1):
        line["position"] = position
    total = sum(line["amount"] for line in lines)
    twin["sums"] = {"count": len(lines), "total": total}
    invoice.update(total=total, payable=total + invoice["carried"])

    def table(rows: list[dict[str, Any]], name: str, key: Callable[[Any], Any], extra: dict[str, Any]) -> list[Any]:
        sums = script.grouped(rows, key)
        known = {row[name]: row for row in invoice[extra.pop("table")]}
        return [
            {**extra, **known.get(value, {}), name: value, "count": count, "amount": amount}
            for value, (count, amount) in sums.items()
        ]

    advances = [line for line in lines if line["nature"] == "advance"]
    taxes = table(
        lines, "group", lambda line: "advance" if line["nature"] == "advance" else line["tax_class"],
        {"table": "taxes", "label": ""},
    )  # fmt: skip
    if all(row["group"] != "standard" for row in taxes):
        taxes.append({"group": "standard", "label": "", "count": 0, "amount": 0})
    for row in taxes:
        percent = script.PERCENT.get(row["group"])
        row["tax"] = script.included_tax(row["amount"], percent, invoice["rounding"]) if percent else None
    invoice.update(taxes=taxes, tax=sum(row["tax"] or 0 for row in taxes))
    invoice["parts"] = table(lines, "fiscal_year", lambda line: line["part"], {"table": "parts"})
    invoice["budgets"] = table(lines, "code", lambda line: line["budget_code"], {"table": "budgets"})
    invoice["advances"] = table(
        advances, "supplier", lambda line: line["supplier_name"], {"table": "advances", "name": ""}
    )
    invoice["departments"] = table(
        [line for line in lines if line["department_code"]], "code", lambda line: line["department_code"],
        {"table": "departments", "name": ""},
    )  # fmt: skip
    for row in invoice["departments"]:
        row["people"] = len({line["person_login"] for line in lines if line["department_code"] == row["code"]})


def test_summing_the_twins_again_changes_nothing(year: Files):
    again = copy.deepcopy(year.twins)
    for twin in again.values():
        resum(twin)
    assert differences(year.rows, again) == {}


@pytest.mark.parametrize("seed", range(ERRORS))
def test_a_planted_error_is_found(year: Files, seed: int):
    planter = Planter(year, seed)
    PLANTS[seed % len(PLANTS)](planter)
    assert differences(planter.rows, planter.twins)
