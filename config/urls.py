"""One include per room; sign-in and passwords are allauth's, only these of its pages are mounted."""

from allauth.account import views as account
from django.urls import include, path, re_path
from django.views.decorators.http import require_http_methods, require_safe
from django.views.generic import RedirectView

from accounts.views.signin import SignIn
from config import views

config_urls = (
    [
        path("", views.home, name="home"),
        path("help/", views.help_page, name="help"),
        path("healthz", views.healthz, name="healthz"),
        path("readyz", views.readyz, name="readyz"),
        path("csp-report/", views.csp_report, name="csp_report"),
        path("parts/", views.parts, name="parts"),
    ],
    "config",
)

# Class-based views take PUT as POST and answer OPTIONS by themselves.
form = require_http_methods(["GET", "HEAD", "POST"])

urlpatterns = [
    path("", include(config_urls)),
    path("signin/", form(SignIn.as_view()), name="account_login"),
    path("signout/", form(account.logout), name="account_logout"),
    path("password/change/", form(account.password_change), name="account_change_password"),
    path("password/reset/", form(account.password_reset), name="account_reset_password"),
    path("password/reset/done/", require_safe(account.password_reset_done), name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        form(account.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        require_safe(account.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
    # allauth names it; nobody signs up here.
    path("signup/", require_safe(RedirectView.as_view(pattern_name="account_login")), name="account_signup"),
    path("", include("accounts.urls")),
    path("audit/", include("audit.urls")),
    path("", include("booking.urls")),
    path("", include("billing.urls")),
]
handler400 = views.bad_request
handler403 = views.permission_denied
handler404 = views.not_found
handler500 = views.server_error
