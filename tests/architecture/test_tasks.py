"""Routes of the workers lead to tasks that exist, and every task is as thin as a hint."""

from __future__ import annotations

import ast
from fnmatch import fnmatch
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings

MODULES = sorted(Path(settings.BASE_DIR).glob("[a-z]*/tasks.py"))


def test_every_route_leads_to_a_task():
    current_app.loader.import_default_modules()
    routes = list(current_app.conf.task_routes)
    assert routes
    assert [route for route in routes if not any(fnmatch(task, route) for task in current_app.tasks)] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.parent.name)
def test_a_task_takes_an_id_and_calls_a_service(path: Path):
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            statements = [part for part in ast.walk(node) if isinstance(part, ast.stmt)]
            assert len(statements) <= 8, f"{node.name} carries logic"
