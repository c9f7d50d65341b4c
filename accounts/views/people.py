"""Finding and viewing people, and one's own page."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts import access, queries
from accounts.forms import PeopleSearchForm
from accounts.models import User
from accounts.services import issue_recovery_codes
from lib.actor import Actor


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """The people that the actor may look up."""
    access.page_for(_actor(request), "accounts.person.read", wide=True)
    form = PeopleSearchForm(request.GET or None)
    text = form.cleaned_data["q"] if form.is_bound and form.is_valid() else ""
    page = Paginator(queries.people(_actor(request), text), 50).get_page(request.GET.get("page"))
    return render(request, "accounts/people.html", {"form": form, "page": page, "text": text})


@require_safe
def person(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One person: name, department, approver, roles, with their days."""
    found = access.person_for(_actor(request), pk)
    return render(request, "accounts/person.html", {"profile": queries.profile(_actor(request), found)})


@require_safe
def me(request: HttpRequest) -> HttpResponse:
    """My own page."""
    found = access.person_for(_actor(request), _actor(request).id)
    return render(request, "accounts/me.html", {"profile": queries.profile(_actor(request), found)})


@require_http_methods(["GET", "POST"])
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Ten new recovery codes, shown once."""
    if request.method == "POST":
        assert isinstance(request.user, User)
        codes = issue_recovery_codes(_actor(request), request.user)
        return render(request, "accounts/recovery_codes.html", {"codes": codes})
    left = queries.recovery_codes_left(_actor(request))
    return render(request, "accounts/recovery_codes.html", {"codes": [], "left": left})


@require_safe
def password_changed(request: HttpRequest) -> HttpResponse:
    """After a change of the password."""
    messages.success(request, "パスワードを変更しました。")
    return redirect("accounts:me")
