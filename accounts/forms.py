"""Forms of sign-in, of confirmations, of the public texts and of dated rows."""

from typing import Any

from allauth.account.forms import ChangePasswordForm, LoginForm, ResetPasswordForm, ResetPasswordKeyForm
from django import forms

from accounts.queries.dated import ON, SHOWN
from lib import clock
from lib.datedtables import RowForm
from lib.fields import CheckField, CodeField, DateField3, RadioField, TextField, UploadField
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


class DatedSearchForm(Form):
    """Which rows of a dated table to show."""

    need_words = False

    day = DateField3("基準の日", initial=clock.today)
    q = TextField("ことば", max_length=60, required=False)
    shown = RadioField("表示する行", choices=SHOWN, initial=ON)


class DatedRowForm(RowForm):
    """A new dated row with its days; the fields of the table come before them (`lib.datedtables.row_form`)."""

    first = DateField3("初日", hint="この日から有効です。")
    last = DateField3("末日", hint="この日まで有効です。決まっていないときは空けておいてください。", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].required = True

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error("last", "末日は、初日以後の日にしてください。")
        return cleaned


class DatedEndForm(Form):
    """The last day of a dated row."""

    last = DateField3("末日", hint="この日まで有効です。")


class DatedWithdrawForm(Form):
    """Whether the row before the withdrawn one goes on."""

    need_words = False

    resume = CheckField("前の行を、取り下げる行のかわりに続ける", required=False, initial=True)


class DatedImportForm(Form):
    """A file of dated rows. 500 KB: on the way to the confirmation it travels in a field of the page."""

    file = UploadField("CSVファイル", endings=[".csv"], max_bytes=500 * 1024)
