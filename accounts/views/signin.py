"""Sign-in, the second factor (also once more), and what becomes of a form whose session has ended."""

from collections.abc import Callable
from typing import Any

from allauth.account.views import LoginView
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from accounts.access import is_stepped_up
from accounts.forms import CodeForm, RecoveryForm
from accounts.models import User
from accounts.services.second_factor import check_totp, spend_recovery_code
from accounts.services.sessions import actor_of, is_signed_in, mark_signed_in, mark_stepped_up
from accounts.services.signin import complete_sign_in, complete_step_up
from lib import kept
from lib.actor import Actor
from lib.errorpages import error_page
from lib.errors import PortalError
from lib.forms import Form


def _next(request: HttpRequest) -> str:
    target = request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if safe and target.startswith("/") else reverse("config:home")


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


class SignIn(LoginView):  # type: ignore[misc]
    """allauth's sign-in by password; says once why the last session ended."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        session = self.request.session
        ended = session.pop("ended") if "ended" in session else ""
        return {**super().get_context_data(**kwargs), "ended": ended, "is_kept": kept.KEY in session}

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)
        response.status_code = 422
        return response


@require_http_methods(["GET", "HEAD", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """The six digits."""
    if is_signed_in(request):
        return redirect(_next(request))
    form = CodeForm(request.POST or None)
    if _is_right(request, form, check_totp):
        return _completed(request, method="totp")
    return render(request, "accounts/second_factor.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def recovery(request: HttpRequest) -> HttpResponse:
    """A recovery code instead of the authenticator."""
    if is_signed_in(request):
        return redirect(_next(request))
    form = RecoveryForm(request.POST or None)
    if _is_right(request, form, spend_recovery_code):
        return _completed(request, method="recovery_code")
    return render(request, "accounts/recovery.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def step_up(request: HttpRequest) -> HttpResponse:
    """The six digits once more, before a dangerous act; then back to its page."""
    if is_stepped_up(request):
        return redirect(_next(request))
    form = CodeForm(request.POST or None)
    if _is_right(request, form, check_totp):
        return _stepped_up(request, method="totp")
    return _ask_again(request, "accounts/step_up.html", form)


@require_http_methods(["GET", "HEAD", "POST"])
def step_up_recovery(request: HttpRequest) -> HttpResponse:
    """A recovery code instead, before a dangerous act."""
    if is_stepped_up(request):
        return redirect(_next(request))
    form = RecoveryForm(request.POST or None)
    if _is_right(request, form, spend_recovery_code):
        return _stepped_up(request, method="recovery_code")
    return _ask_again(request, "accounts/step_up_recovery.html", form)


def _is_right(request: HttpRequest, form: Form, check: Callable[[Actor, User, str], object]) -> bool:
    """Whether the form came with a code that `check` takes; what is wrong stands beside the field."""
    if request.method != "POST" or not form.is_valid():
        return False
    try:
        check(actor_of(request), _person(request), form.cleaned_data["code"])
    except PortalError as error:
        form.add_error(error.field or None, error.message)
        return False
    return True


def _completed(request: HttpRequest, *, method: str) -> HttpResponse:
    person = _person(request)
    request.session["previous_sign_in"] = person.previous_sign_in_at.isoformat() if person.previous_sign_in_at else ""
    mark_signed_in(request, person)
    complete_sign_in(actor_of(request), person, method=method)
    return HttpResponseRedirect(_next(request), status=303)


def _ask_again(request: HttpRequest, template: str, form: Form) -> HttpResponse:
    context = {"form": form, "back": _next(request), "is_kept": kept.KEY in request.session}
    return render(request, template, context, status=422 if form.errors else 200)


def _stepped_up(request: HttpRequest, *, method: str) -> HttpResponse:
    mark_stepped_up(request)
    complete_step_up(actor_of(request), _person(request), method=method)
    if kept.KEY not in request.session:
        messages.info(
            request, "本人であることを確かめました。操作はまだ行っていません。もう一度ボタンを押してください。"
        )
    return HttpResponseRedirect(_next(request), status=303)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """A form without a valid token: after an ended session its fields wait behind the sign-in, else it is refused."""
    ended = not request.session.get("_auth_user_id")
    if ended and kept.from_our_own_page(request):
        kept.keep(request)
        request.session.setdefault("ended", "idle")
        page, sign_in = kept.page_of(request), reverse("account_login")
        return redirect(sign_in) if page.startswith(sign_in) else redirect_to_login(page, sign_in)
    return error_page(403, request_id=str(getattr(request, "request_id", "")), name="403_csrf")
