"""Forms of sign-in, of confirmations and of the public texts."""

from typing import Any

from allauth.account.forms import ChangePasswordForm, LoginForm, ResetPasswordForm, ResetPasswordKeyForm
from django import forms

from lib.fields import CodeField, TextField
from lib.forms import Form


def _password(form: Any, name: str, label: str, *, autocomplete: str, hint: str = "") -> None:
    field = form.fields[name]
    field.label, field.help_text = label, hint
    field.widget = forms.PasswordInput(attrs={"autocomplete": autocomplete, "class": "input", "maxlength": 128})


class SignInForm(LoginForm):  # type: ignore[misc]
    """Login ID and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login = self.fields["login"]
        login.label, login.help_text = "ログインID", "所属の管理者から受け取ったIDです。メールアドレスでは入れません。"
        login.widget = forms.TextInput(
            attrs={"autocomplete": "username", "class": "input input--m", "maxlength": 64, "autocapitalize": "none"}
        )
        login.error_messages["required"] = "ログインIDを入力してください。"
        _password(self, "password", "パスワード", autocomplete="current-password")
        self.fields["password"].error_messages["required"] = "パスワードを入力してください。"
        self.fields.pop("remember", None)


class PasswordChangeForm(ChangePasswordForm):  # type: ignore[misc]
    """The present password and a new one, twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _password(self, "oldpassword", "いまのパスワード", autocomplete="current-password")
        _password(self, "password1", "新しいパスワード", autocomplete="new-password", hint=RULES)
        _password(self, "password2", "新しいパスワード（確認）", autocomplete="new-password")


class PasswordResetForm(ResetPasswordForm):  # type: ignore[misc]
    """The mail address that gets the link."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["email"]
        field.label, field.help_text = "メールアドレス", "ポータルに登録したアドレスへ、再設定の案内を送ります。"
        field.widget = forms.EmailInput(attrs={"autocomplete": "email", "class": "input input--full"})


class PasswordResetKeyForm(ResetPasswordKeyForm):  # type: ignore[misc]
    """A new password, twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _password(self, "password1", "新しいパスワード", autocomplete="new-password", hint=RULES)
        _password(self, "password2", "新しいパスワード（確認）", autocomplete="new-password")


RULES = (
    "12文字以上。16文字未満のときは、英大文字・英小文字・数字・記号のうち3種類以上を使ってください。"
    "ほかのシステムと同じパスワードは使わないでください。"
)


class CodeForm(Form):
    """The six digits of the authenticator app."""

    code = CodeField(
        "確認コード",
        max_length=12,
        size="code",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )


class RecoveryForm(Form):
    """One recovery code."""

    code = CodeField(
        "回復コード",
        hint="控えておいた24文字のコードです。1回だけ使えます。",
        max_length=40,
        size="m",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )


class RefusalForm(Form):
    """Why a second person says no."""

    note = TextField("差戻しの理由", hint="依頼した人に見えます。", max_length=400, lines=True)


class PeopleSearchForm(Form):
    """Find people by name, kana, login ID or department."""

    need_words = False

    q = TextField("氏名・カナ・ログインID・所属", max_length=60, required=False)


class PublicTextForm(Form):
    """The wording of a public page."""

    title = TextField("題名", max_length=80, size="full")
    body = TextField("本文", max_length=20000, lines=True, widget=forms.Textarea(attrs={"rows": 16}))
