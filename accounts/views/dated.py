"""The generic screen of dated rows: tables, rows of a day, the history of a subject; add, end, withdraw, import, export."""

import base64
import binascii
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from accounts import access
from accounts.forms import DatedEndForm, DatedImportForm, DatedRowForm, DatedSearchForm, DatedWithdrawForm
from accounts.queries import dated as queries
from accounts.queries.dated_import import Preview, preview_import
from accounts.services import (
    add_dated_row,
    download_dated_rows,
    end_dated_row,
    import_dated_rows,
    withdraw_dated_row,
)
from lib import clock, kept
from lib.dated import DatedRow, between
from lib.datedtables import Sheet, row_form
from lib.errors import PortalError
from lib.htmx import redirect_see_other
from lib.registry import DatedTable
from lib.requests import actor_of
from lib.tables import page_of

# What a press on a form's button asks for: look at it once more, do it, or go back and mend it.
WRITE, MEND = "write", "mend"


def _crumbs(table: DatedTable | None = None, *further: tuple[str, str]) -> list[tuple[str, str]]:
    crumbs = [("ホーム", reverse("config:home")), ("料金・税・規則の表", reverse("accounts:tables"))]
    if table:
        crumbs.append((table.label, reverse("accounts:table", args=[table.slug])))
    return [*crumbs, *further]


@require_safe
def tables(request: HttpRequest) -> HttpResponse:
    """The tables that the actor may read."""
    access.page_for(actor_of(request), "accounts.dated.read")
    context = {"tables": queries.dated_tables(actor_of(request)), "crumbs": _crumbs()}
    return render(request, "accounts/tables.html", context)


@require_safe
def table(request: HttpRequest, slug: str) -> HttpResponse:
    """The rows of one table as of a day."""
    actor = actor_of(request)
    found = access.dated_table_for(actor, slug)
    sheet = Sheet(found)
    form = DatedSearchForm(request.GET if "day_y" in request.GET else None)
    wanted: dict[str, Any] = {} if form.is_bound else {"day": clock.today(), "q": "", "shown": queries.ON}
    if form.is_bound and form.is_valid():
        wanted = form.cleaned_data
    context = {"form": form, "wanted": wanted, **_of(sheet, may_edit=actor.may(found.edit)), "crumbs": _crumbs(found)}
    if wanted:
        rows = queries.dated_rows(sheet, wanted["day"], shown=wanted["shown"], text=wanted["q"])
        page = page_of(rows, request.GET)
        later = queries.dated_rows(sheet, wanted["day"], shown=queries.LATER).count()
        context |= {"page": page, "lines": queries.row_lines(sheet, page.rows), "later": later}
    return render(request, "accounts/table.html", context, status=200 if wanted else 422)


def _of(sheet: Sheet, *, may_edit: bool) -> dict[str, Any]:
    """What every page of a table shows."""
    subject = sheet.table.subject
    return {
        "table": sheet.table,
        "may_edit": may_edit,
        "subject_head": "・".join(sheet.labels[name] for name in subject),
        "heads": [label for name, label in sheet.labels.items() if name not in subject],
    }


@require_safe
def table_history(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """All rows of the subject of one row, newest first."""
    actor = actor_of(request)
    found = access.dated_table_for(actor, slug)
    row = access.dated_row_for(actor, found, pk)
    sheet = Sheet(found)
    context = {
        **_of(sheet, may_edit=actor.may(found.edit)),
        "subject": sheet.subject(row),
        "lines": queries.row_lines(sheet, queries.rows_like(sheet, row).order_by("-valid")),
        "crumbs": _crumbs(found, (sheet.subject(row), "")),
    }
    return render(request, "accounts/table_history.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def table_add(request: HttpRequest, slug: str) -> HttpResponse:
    """The form of a new row, what adding it would do, and the act."""
    actor = actor_of(request)
    found = access.dated_table_for(actor, slug, edit=True)
    sheet = Sheet(found)
    held = kept.take(request)
    form = row_form(sheet, DatedRowForm)(request.POST or held, initial=_model_row(request, sheet))

    def told() -> queries.Change:
        data = form.cleaned_data
        form.instance.valid = between(data["first"], data["last"])
        return queries.change_by_adding(sheet, form.instance)

    def act() -> HttpResponse:
        data = form.cleaned_data
        values = {name: data[name] for name in sheet.labels}
        days = {name: data[name] for name in ("first", "last", "source", "confidence")}
        row = add_dated_row(actor, found, values=values, **days)
        messages.success(request, "追加しました。")
        return redirect_see_other(request, reverse("accounts:table_history", args=[slug, row.pk]))

    page = {"title": f"{found.label}に追加する", "verb": "この内容で追加する", "kept": held, "sheet": sheet}
    return _change(request, form, told, act, {**page, "crumbs": _crumbs(found, ("追加", ""))})


def _model_row(request: HttpRequest, sheet: Sheet) -> dict[str, Any]:
    """The values of the row that a new one is made after (`?like=`)."""
    like = request.GET.get("like", "")
    if not (like.isascii() and like.isdigit() and len(like) <= 9):
        return {}
    row = access.dated_row_for(actor_of(request), sheet.table, int(like), edit=True)
    return dict(queries.values_like(sheet, row))


@require_http_methods(["GET", "HEAD", "POST"])
def table_end(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The last day of a row, what ending it would do, and the act."""
    actor = actor_of(request)
    found = access.dated_table_for(actor, slug, edit=True)
    row = access.dated_row_for(actor, found, pk, edit=True)
    sheet = Sheet(found)
    held = kept.take(request)
    form = DatedEndForm(request.POST or held)

    def told() -> queries.Change:
        return queries.change_by_ending(sheet, row, form.cleaned_data["last"])

    def act() -> HttpResponse:
        end_dated_row(actor, found, row, last=form.cleaned_data["last"])
        messages.success(request, "終わりの日を決めました。")
        return redirect_see_other(request, reverse("accounts:table_history", args=[slug, pk]))

    page = {"title": f"{sheet.subject(row)}の行を終える", "verb": "この日で終える", "kept": held, "sheet": sheet}
    return _change(request, form, told, act, {**page, "row": row, "crumbs": _row_crumbs(sheet, row, "終える")})


def _row_crumbs(sheet: Sheet, row: DatedRow, word: str) -> list[tuple[str, str]]:
    here = reverse("accounts:table_history", args=[sheet.table.slug, row.pk])
    return _crumbs(sheet.table, (sheet.subject(row), here), (word, ""))


def _change(
    request: HttpRequest,
    form: forms.BaseForm,
    told: Callable[[], queries.Change],
    act: Callable[[], HttpResponse],
    page: dict[str, Any],
) -> HttpResponse:
    """Form → confirmation → act. What is done is what was told: else it is told once more."""
    sheet: Sheet = page["sheet"]
    row = page.get("row")
    context = {**page, "form": form, "table": sheet.table, "facts": sheet.facts(row) if row else []}
    step = request.POST.get("step", "")
    if request.method == "POST" and step != MEND and form.is_valid():
        try:
            change = told()
            ends = str(change.ends.pk) if change.ends else ""
            if step == WRITE and request.POST.get("ends", "") == ends:
                return act()
        except PortalError as error:
            form.take_error(error)  # type: ignore[attr-defined]
        else:
            sent = [item for item in request.POST.items() if item[0] not in {"csrfmiddlewaretoken", "step", "ends"}]
            confirm = {"change": change, "ends": ends, "sent": sent, "again": step == WRITE}
            return render(request, "accounts/table_confirm.html", {**context, **confirm})
    failed = request.method == "POST" and step != MEND
    return render(request, "accounts/table_form.html", context, status=422 if failed else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def table_withdraw(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The question before a row that has not begun is taken back, and the act."""
    actor = actor_of(request)
    found = access.dated_table_for(actor, slug, edit=True)
    row = access.dated_row_for(actor, found, pk, edit=True)
    sheet = Sheet(found)
    before = queries.row_before(sheet, row)
    form = DatedWithdrawForm(request.POST if request.method == "POST" else None)
    problem = ""
    try:
        queries.check_withdrawal(row)
        if request.method == "POST" and form.is_valid():
            withdraw_dated_row(actor, found, row, resume=form.cleaned_data["resume"])
            messages.success(request, "取り下げました。")
            return redirect_see_other(request, reverse("accounts:table", args=[slug]))
    except PortalError as error:
        problem = error.message
    context = {
        "title": f"{sheet.subject(row)}の行を取り下げる",
        "form": form,
        "table": found,
        "row": row,
        "facts": sheet.facts(row),
        "before": before,
        "problem": problem,
        "crumbs": _row_crumbs(sheet, row, "取り下げる"),
    }
    return render(request, "accounts/table_withdraw.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def table_import(request: HttpRequest, slug: str) -> HttpResponse:
    """A file, what it would do line by line, and the act."""
    actor = actor_of(request)
    found = access.dated_table_for(actor, slug, edit=True)
    sheet = Sheet(found)
    context: dict[str, Any] = {"table": found, "heads": sheet.heads, "crumbs": _crumbs(found, ("取込", ""))}
    form = DatedImportForm(request.POST or None, request.FILES or None)
    content = _sent_content(request)
    if content is None and request.method == "POST" and form.is_valid():
        content = form.cleaned_data["file"].read()
    if content is None:
        return render(
            request, "accounts/table_import.html", {**context, "form": form}, status=422 if form.errors else 200
        )
    try:
        if request.POST.get("step") == WRITE:
            return _imported(request, found, content)
        preview = preview_import(sheet, content)
    except PortalError as error:
        form = DatedImportForm()
        context["problem"] = error.message
        return render(request, "accounts/table_import.html", {**context, "form": form}, status=422)
    context |= {"preview": preview, "content": base64.b64encode(content).decode()}
    return render(request, "accounts/table_preview.html", context)


def _sent_content(request: HttpRequest) -> bytes | None:
    """The file of the preview, as its page sends it back; None without one."""
    try:
        return base64.b64decode(request.POST.get("content", ""), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _imported(request: HttpRequest, found: DatedTable, content: bytes) -> HttpResponse:
    digest, without = request.POST.get("digest", ""), "leave_out_bad" in request.POST
    done: Preview = import_dated_rows(actor_of(request), found, content=content, digest=digest, leave_out_bad=without)
    messages.success(request, f"取り込みました。追加 {done.added}行、終了 {done.ended}行。")
    return redirect_see_other(request, reverse("accounts:table", args=[found.slug]))


# Not HEAD: that would record a download that nobody made.
@require_GET
def table_export(request: HttpRequest, slug: str) -> HttpResponse:
    """All rows of a table as CSV, UTF-8 with BOM."""
    actor = actor_of(request)
    found = access.dated_table_for(actor, slug)
    name = f"{found.slug}_{clock.today():%Y%m%d}.csv"
    return HttpResponse(
        "\ufeff" + download_dated_rows(actor, found),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
