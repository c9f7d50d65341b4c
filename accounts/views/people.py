"""Finding and viewing people, and one's own page."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts import access, queries
from accounts.forms import PeopleSearchForm
from accounts.models import User
from accounts.services import issue_recovery_codes
from lib.requests import actor_of
from lib.tables import page_of


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """The people that the actor may look up."""
    access.page_for(actor_of(request), "accounts.person.read", wide=True)
    form = PeopleSearchForm(request.GET or None)
    text = form.cleaned_data["q"] if form.is_bound and form.is_valid() else ""
    page = page_of(queries.people(actor_of(request), text), request.GET)
    crumbs = [("ホーム", "/"), ("利用者", "")]
    return render(request, "accounts/people.html", {"form": form, "page": page, "text": text, "crumbs": crumbs})


@require_safe
def person(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One person: name, department, approver, roles, with their days."""
    found = access.person_for(actor_of(request), pk)
    crumbs = [("ホーム", "/"), ("利用者", reverse("accounts:people")), (found.name, "")]
    context = {"profile": queries.profile(actor_of(request), found), "crumbs": crumbs}
    return render(request, "accounts/person.html", context)


@require_safe
def me(request: HttpRequest) -> HttpResponse:
    """My own page."""
    found = access.person_for(actor_of(request), actor_of(request).id)
    context = {
        "profile": queries.profile(actor_of(request), found),
        "codes_left": queries.recovery_codes_left(actor_of(request)),
        "crumbs": [("ホーム", "/"), ("自分の情報", "")],
    }
    return render(request, "accounts/me.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@access.needs_step_up
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Ten new recovery codes, shown once."""
    context: dict[str, Any] = {"crumbs": [("ホーム", "/"), ("自分の情報", reverse("accounts:me")), ("回復コード", "")]}
    if request.method == "POST":
        assert isinstance(request.user, User)
        context["codes"] = issue_recovery_codes(actor_of(request), request.user)
    else:
        context["left"] = queries.recovery_codes_left(actor_of(request))
    return render(request, "accounts/recovery_codes.html", context)
