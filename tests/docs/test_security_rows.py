"""docs/security.md names places and tests; each of them exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINES = (ROOT / "docs" / "security.md").read_text(encoding="utf-8").splitlines()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in LINES if line.startswith("| S-")]
# Attacks and invariants, in a table of their own.
ATTACKS = [[cell.strip() for cell in line.strip("|").split("|")] for line in LINES if re.match(r"\| [FI][0-9]", line)]


def named(cell: str) -> list[str]:
    """What stands in backquotes."""
    return re.findall(r"`([^`]+)`", cell)


def functions(path: Path) -> set[str]:
    """Names of the test functions of a file."""
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_each_row_is_answered_once_in_order():
    numbers = [row[0] for row in ROWS]
    assert len(numbers) > 30
    assert numbers == sorted(set(numbers))
    assert all(re.fullmatch(r"S-\d{3}", number) for number in numbers)


@pytest.mark.parametrize("row", [*ROWS, *ATTACKS], ids=[row[0] for row in [*ROWS, *ATTACKS]])
def test_the_place_and_the_test_of_a_row_exist(row):
    _, _, answer, state, place, test = row
    assert state in {"met", "in part"}
    assert ("Missing:" in answer) == (state == "in part"), "a row met in part says what is missing"
    assert named(place)
    assert named(test)
    for name in named(place):
        assert (ROOT / name).is_file(), name
    for name in named(test):
        file, _, function = name.partition("::")
        assert (ROOT / file).is_file(), file
        assert not function or function in functions(ROOT / file), name
