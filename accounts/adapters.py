"""allauth as this portal uses it: no sign-up, our limits, our outbox, our events."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from accounts.mails import queue_reset_mail
from accounts.models import User
from accounts.services.sessions import actor_of, client_address, request_id
from accounts.services.signin import (
    is_limited,
    record_password_accepted,
    record_password_change,
    record_password_failure,
)
from lib.actor import anonymous


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "ログインIDかパスワードが違います。もう一度入力してください。",
        "too_many_login_attempts": "失敗が続いたため、5分ほど待ってからサインインしてください。",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        login_id = str(credentials.get("username", ""))
        if is_limited(login_id=login_id, address=client_address(request)):
            record_password_failure(self._nobody(request), login_id=login_id, limited=True)
            raise ValidationError(self.error_messages["too_many_login_attempts"], code="too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Whose password it is; an ID that may not sign in (suspended, retired) answers as one that does not exist."""
        user: User | None = super().authenticate(request, **credentials)
        if user and not user.is_active:
            self.authentication_failed(request, **credentials)
            return None
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        login_id = str(credentials.get("username", ""))
        record_password_failure(self._nobody(request), login_id=login_id, limited=False)

    def login(self, request: HttpRequest, user: User) -> None:
        request.session.pop("second_factor", None)
        super().login(request, user)
        record_password_accepted(self._nobody(request), user)

    def set_password(self, user: User, password: str) -> None:
        request = self.request
        way = "change" if request.user.is_authenticated else "reset"
        with transaction.atomic():
            super().set_password(user, password)
            record_password_change(actor_of(request), user, way=way)

    def get_reset_password_from_key_url(self, key: str) -> str:
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.PORTAL_ORIGIN + path.replace("UID-KEY", key).replace("UID/KEY", key)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:  # noqa: ARG002
        user = context.get("user")
        if isinstance(user, User) and "password_reset_url" in context:
            queue_reset_mail(self._nobody(self.request), user, url=context["password_reset_url"])

    def add_message(self, request: HttpRequest, level: int, message_template: str = "", *_: Any, **__: Any) -> None:
        """Only a changed password is told in a message; our own pages say what else happened."""
        if message_template == "account/messages/password_changed.txt" and request.user.is_authenticated:
            messages.add_message(request, level, "パスワードを変更しました。")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002
        return reverse("accounts:me")

    @staticmethod
    def _nobody(request: HttpRequest) -> Any:
        return anonymous(request_id=request_id(request), address=client_address(request))
