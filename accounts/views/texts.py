"""The pages that an agency must show, and their editing."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts import access
from accounts.forms import PublicTextForm
from accounts.models import PublicText
from accounts.services import publish_text
from lib import clock, kept
from lib.requests import actor_of


def _crumbs(text: PublicText, *further: str) -> list[tuple[str, str]]:
    here = reverse("accounts:text", args=[text.slug])
    return [("ホーム", "/"), (text.title, here), *((word, "") for word in further)]


@login_not_required
@require_safe
def text(request: HttpRequest, slug: str) -> HttpResponse:
    """One public page, as it reads today."""
    found = access.text_for(actor_of(request), slug)
    may_edit = actor_of(request).may("accounts.public_text.edit")
    return render(request, "accounts/text.html", {"text": found, "may_edit": may_edit, "crumbs": _crumbs(found)})


@require_http_methods(["GET", "HEAD", "POST"])
def edit_text(request: HttpRequest, slug: str) -> HttpResponse:
    """A new wording from today on."""
    access.page_for(actor_of(request), "accounts.public_text.edit")
    found = access.text_for(actor_of(request), slug)
    held = kept.take(request)
    form = PublicTextForm(request.POST or held, initial={"title": found.title, "body": found.body})
    if request.method == "POST" and form.is_valid():
        publish_text(
            actor_of(request),
            slug=slug,
            title=form.cleaned_data["title"],
            body=form.cleaned_data["body"],
            first=clock.today(),
            position=found.position,
        )
        messages.success(request, "差し替えました。きょうからこの文面を表示します。")
        return HttpResponseRedirect(reverse("accounts:text", args=[slug]), status=303)
    failed = request.method == "POST" and bool(form.errors)
    context = {"form": form, "text": found, "kept": held, "crumbs": _crumbs(found, "差し替え")}
    return render(request, "accounts/text_edit.html", context, status=422 if failed else 200)
