"""Rules of the house that no linter knows, read off the code itself."""

import ast
import inspect
import re
from pathlib import Path

import pytest
from celery import current_app
from django.apps import apps
from django.conf import settings
from django.db import models
from django.urls import URLPattern, get_resolver

from booking.suppliers.registry import KINDS
from lib import registry

ROOT = Path(settings.BASE_DIR)
ROOMS = ("audit", "accounts", "booking", "delivery", "workflow", "billing")
OURS = (*ROOMS, "config")
SOURCES = sorted(
    path for place in (*OURS, "lib") for path in (ROOT / place).rglob("*.py") if "migrations" not in path.parts
)
# Readers and builders in services that are neither verb nor driver nor inside: they change nothing.
READERS = {
    "accounts/services/actors.py": {"person_actor", "actor_for", "service_actor", "holds_proxy", "acting_on"},
    "accounts/services/sessions.py": None,
    "accounts/services/second_factor.py": {"check_totp", "spend_recovery_code"},
    "accounts/services/signin.py": {"is_limited"},
    "audit/services/recording.py": {"canonical"},
    "booking/services/arranging.py": {"due_for_use"},
    "booking/services/breaker.py": {"rest_words"},
    "booking/services/calls.py": {
        "committed_total",
        "is_within_bound",
        "is_changed",
        "may_be_done",
        "wanted_by",
        "with_exchanges",
    },
    "booking/services/connections.py": {"link_of"},
    "booking/services/disruptions.py": {"look_at_disruption"},
    "booking/services/feeds.py": {"import_feed"},
    "booking/services/handoff.py": {"supplier_key_of", "checked_number"},
    "booking/services/ledger.py": {"tax_class_on", "nature_on", "known_total", "charges_told", "standing_charges"},
    "booking/services/claims.py": {"standing_total", "digest_of"},
    "booking/services/refunds.py": {
        "kept_of",
        "is_unused_possible",
        "check_booked_on",
        "check_fee",
        "check_refund",
        "kept_already",
    },
    "booking/services/searching.py": {"wish_instead"},
    "booking/services/waiting.py": {"next_try", "gave_up"},
    "booking/services/trips.py": {"read_picks", "draft_total", "member_of"},
    "booking/services/reminders.py": {
        "numbers_to_ask_for",
        "number_occasion",
        "changes_to_ask_for",
        "change_occasion",
        "holds_to_tell",
        "hold_occasion",
    },
    "booking/services/scheduling.py": {"has_left", "is_same"},
    "booking/services/settling.py": {"may_commit_until"},
    "booking/services/travelled.py": {"stays_to_settle"},
}
MARKERS = {"verb", "driver", "inside"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def decorators(function: ast.FunctionDef) -> set[str]:
    names = set()
    for decorator in function.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        names.add(target.id if isinstance(target, ast.Name) else getattr(target, "attr", ""))
    return names


def public_functions(path: Path) -> list[ast.FunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]


SERVICES = [
    path for path in SOURCES if len(path.relative_to(ROOT).parts) > 2 and path.relative_to(ROOT).parts[1] == "services"
]


@pytest.mark.parametrize("path", SERVICES, ids=name_of)
def test_every_public_function_of_services_is_verb_driver_inside_or_a_named_reader(path):
    readers = READERS.get(name_of(path), set())
    for function in public_functions(path):
        marked = decorators(function) & MARKERS
        if marked:
            assert len(marked) == 1, function.name
        else:
            assert readers is None or function.name in readers, f"{function.name} has no marker"


@pytest.mark.parametrize("path", SERVICES, ids=name_of)
def test_verbs_take_the_actor_first_and_stand_in_one_place(path):
    for function in public_functions(path):
        if "verb" in decorators(function):
            assert function.args.args[0].arg == "actor", function.name


def test_names_of_verbs_are_unique_over_all_rooms():
    names = [
        function.name
        for path in SERVICES
        for function in public_functions(path)
        if decorators(function) & {"verb", "driver"}
    ]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_every_verb_records_by_itself_or_through_what_it_calls():
    recording = {"record", "advance", "queue_mail"}
    known: dict[str, set[str]] = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                called = {
                    call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
                    for call in ast.walk(node)
                    if isinstance(call, ast.Call)
                }
                known.setdefault(node.name, set()).update(called)

    def records(name: str, seen: set[str]) -> bool:
        if name in recording:
            return True
        if name in seen or name not in known:
            return False
        return any(records(inner, seen | {name}) for inner in known[name])

    for path in SERVICES:
        for function in public_functions(path):
            if "verb" in decorators(function):
                assert records(function.name, set()), f"{function.name} leaves no event"


def test_transactions_are_opened_by_services_only():
    opened = [
        name_of(path)
        for path in SOURCES
        if re.search(r"transaction\.atomic|\batomic\(", path.read_text(encoding="utf-8"))
        and "/services/" not in name_of(path)
        and not name_of(path).startswith(("lib/verbs.py", "config/management", "config/demo"))
    ]
    assert set(opened) <= {"accounts/adapters.py"}


def test_every_hint_names_a_task():
    current_app.loader.import_default_modules()
    wanted = set()
    for path in SOURCES:
        wanted.update(re.findall(r'enqueue\(\s*"([a-z_.]+)"', path.read_text(encoding="utf-8")))
    wanted.update(entry["task"] for entry in current_app.conf.beat_schedule.values())
    wanted.update(task for tasks in registry.hints.values() for task in tasks)
    assert wanted
    assert sorted(wanted - set(current_app.tasks)) == []


def test_every_event_that_is_recorded_is_declared_and_every_declared_one_is_recorded():
    used = set()
    for path in SOURCES:
        if path.name != "events.py":
            used.update(
                re.findall(r'"((?:audit|accounts|booking|billing)\.[a-z_]+\.[a-z_]+)"', path.read_text("utf-8"))
            )
    declared = set(registry.event_kinds)
    assert sorted(declared - used) == []


def our_models() -> list[type[models.Model]]:
    return [model for app in OURS for model in apps.get_app_config(app).get_models()]


@pytest.mark.parametrize("model", our_models(), ids=lambda model: model._meta.label)
def test_foreign_keys_across_rooms_protect_and_leave_no_way_back(model):
    for field in model._meta.get_fields():
        if not isinstance(field, models.ForeignKey):
            continue
        other = field.related_model
        if other._meta.app_label != model._meta.app_label:
            assert field.remote_field.on_delete is models.PROTECT, field.name
            assert field.remote_field.related_name == "+", field.name


@pytest.mark.parametrize("model", our_models(), ids=lambda model: model._meta.label)
def test_no_field_takes_the_time_by_itself(model):
    for field in model._meta.get_fields():
        assert not getattr(field, "auto_now", False)
        assert not getattr(field, "auto_now_add", False)


def test_migrations_have_names_that_say_something():
    names = [path.stem for app in OURS for path in (ROOT / app / "migrations").glob("0*.py")]
    assert names
    assert [name for name in names if "_auto_" in name] == []


def views() -> list[tuple[str, object]]:
    found = []

    def walk(patterns, namespace=""):
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                found.append((f"{namespace}{pattern.name}", pattern.callback))
            else:
                walk(pattern.url_patterns, f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace)

    walk(get_resolver().url_patterns)
    # Sign-in and passwords are allauth's class-based views, which name their methods themselves.
    ours = [(name, view) for name, view in found if not name.startswith("account_")]
    return [(name, view) for name, view in ours if view.__module__.split(".")[0] in OURS]


@pytest.mark.parametrize(("name", "view"), views(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_view_names_its_methods(name, view):
    source = inspect.getsource(inspect.unwrap(view))
    assert re.search(r"@require_(safe|GET|POST|http_methods)", source), name


def test_views_get_objects_through_access_only():
    wrong = [
        name_of(path)
        for path in SOURCES
        if re.match(r"[a-z]+/views", name_of(path)) and re.search(r"\.objects\b", path.read_text(encoding="utf-8"))
    ]
    assert set(wrong) <= {"config/views.py"}


def test_nothing_beside_the_adapters_knows_a_supplier_by_name():
    """Facts about suppliers are rows or stand in their adapters; the machinery asks what an adapter can do.

    What puts the portal together (config) names what there is.
    """
    known = {*KINDS, "JALオンライン", "エクスプレス予約", "ヤドネット"}
    # What the first rows of dated tables say of suppliers.
    facts = {"booking/services/default_rules.py", "booking/services/default_hours.py", "accounts/models/members.py"}
    for path in SOURCES:
        name = name_of(path)
        if name.startswith(("booking/suppliers/", "config/")) or name in facts:
            continue
        words = {
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant)
        }
        assert not {word for word in words if isinstance(word, str)} & known, name
    for template in (ROOT / "templates" / "booking").rglob("*.*"):
        text = template.read_text(encoding="utf-8")
        assert not [word for word in known if re.search(rf"(?<![a-z_]){word}(?![a-z_])", text)], template


def test_text_is_marked_safe_in_few_known_places_only():
    marked = {name_of(path) for path in SOURCES if "mark_safe" in path.read_text(encoding="utf-8")}
    assert {
        name for name in marked if not name.startswith(("lib/", "billing/templatetags", "config/templatetags"))
    } == set()
    assert marked
    for template in (ROOT / "templates").rglob("*.html"):
        assert "|safe" not in template.read_text(encoding="utf-8"), template


def test_pages_have_no_inline_style_or_script():
    for template in (ROOT / "templates").rglob("*.html"):
        if template.is_relative_to(ROOT / "templates" / "errors") or "pdf" in template.parts:
            continue
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=\"|javascript:", text), template
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), template
