"""Settings, read once. `PORTAL_ENV` is development, test or production; production refuses every convenience."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config import env
from lib.errorpages import STYLE_HASH

BASE_DIR = Path(__file__).resolve().parent.parent
PORTAL_ENV = env.text("PORTAL_ENV", "development")
if PORTAL_ENV not in {"development", "test", "production"}:
    raise ImproperlyConfigured("PORTAL_ENV must be development, test or production")
PRODUCTION = PORTAL_ENV == "production"
TEST = PORTAL_ENV == "test"
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var")))


def _secret(name: str, development: str) -> str:
    return env.text(name, None if PRODUCTION else development)


# -- Secrets ---------------------------------------------------------------------------------------------------------
SECRET_KEY = _secret("SECRET_KEY", "development-only-key-that-protects-nothing-" + "0" * 20)
PASSWORD_PEPPER = _secret("PASSWORD_PEPPER", "development-only-pepper")
FIELD_KEYS = env.mapping(
    "FIELD_KEYS", None if PRODUCTION else '{"dev1": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}'
)

# -- Addresses -------------------------------------------------------------------------------------------------------
PORTAL_ORIGIN = env.text("PORTAL_ORIGIN", None if PRODUCTION else "http://localhost:8000")
_origin = urlsplit(PORTAL_ORIGIN)
SECURE = _origin.scheme == "https"
if PRODUCTION and not SECURE:
    raise ImproperlyConfigured("PORTAL_ORIGIN must be https:// in production")
ALLOWED_HOSTS = [_origin.hostname or "localhost", *([] if PRODUCTION else ["localhost", "127.0.0.1", "testserver"])]
CSRF_TRUSTED_ORIGINS = [PORTAL_ORIGIN]
if PRODUCTION and os.environ.get("CLOCK_FILE"):
    raise ImproperlyConfigured("CLOCK_FILE shifts business time and is refused in production")
SANDBOX_URL = "" if PRODUCTION else env.text("SANDBOX_URL", "http://127.0.0.1:8300")
# Where suppliers may be reached at all: https hosts by name, and the sandbox outside production.
SUPPLIER_HOSTS = frozenset(filter(None, env.text("SUPPLIER_HOSTS", "").split(",")))
TRUSTED_PROXIES = 1 if PRODUCTION else 0
# Seconds for a supplier's whole answer; a lease outlives the longest call, else a second worker asks about a living one.
SUPPLIER_READ_SECONDS = int(env.text("SUPPLIER_READ_SECONDS", "8"))
SUPPLIER_WRITE_SECONDS = int(env.text("SUPPLIER_WRITE_SECONDS", "30"))
LEASE_SECONDS = int(env.text("LEASE_SECONDS", "45"))
# As long as a task may run at most: a large file that is being read must not be taken for abandoned.
FILE_LEASE_SECONDS = int(env.text("FILE_LEASE_SECONDS", "600"))
if not 0 < SUPPLIER_READ_SECONDS <= SUPPLIER_WRITE_SECONDS < LEASE_SECONDS:
    raise ImproperlyConfigured("needed: 0 < SUPPLIER_READ_SECONDS <= SUPPLIER_WRITE_SECONDS < LEASE_SECONDS")

# Error pages work without the database: their contact line is a setting.
CONTACT_PHONE = env.text("CONTACT_PHONE", "03-0000-0000" if not PRODUCTION else "")
CONTACT_HOURS = env.text("CONTACT_HOURS", "平日 9:00–18:00")

# -- Application -----------------------------------------------------------------------------------------------------
DEBUG = False
INSTALLED_APPS = [
    "config",
    "billing",
    "workflow",
    "delivery",
    "booking",
    "accounts",
    "audit",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "django_otp",
    "django_htmx",
    "django_structlog",
    "import_export",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.request_ids",
    "config.middleware.response_headers",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.middleware.session_limits",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.actor",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.middleware.refusals",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "config.context.frame",
            ],
            "builtins": ["lib.templatetags.ui", "config.templatetags.panels"],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"],
                )
            ],
        },
    }
]
del TEMPLATES[0]["APP_DIRS"]
FORM_RENDERER = "lib.forms.Renderer"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "ja"
TIME_ZONE = "Asia/Tokyo"
USE_TZ = True
USE_I18N = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# -- Database: the portal runs as portal_app; `migrate_portal` alone connects as portal_owner ---------------------------
_DEVELOPMENT_DATABASE = "postgres://portal_app@127.0.0.1:5432/portal"
DATABASE_OWNER_URL = env.text("DATABASE_OWNER_URL", "")
DATABASES = {
    "default": {
        **env.database(_secret("DATABASE_URL", _DEVELOPMENT_DATABASE)),
        "CONN_MAX_AGE": 0,
        "ATOMIC_REQUESTS": False,
        "TEST": {"NAME": env.text("TEST_DATABASE_NAME", "test_portal")},
    }
}
# A pool in servers and workers; commands and tests open one connection at a time.
if env.text("DATABASE_POOL", ""):
    DATABASES["default"]["OPTIONS"]["pool"] = {
        "min_size": 1,
        "max_size": int(env.text("DATABASE_POOL")),
        "timeout": 10,
    }

# -- Redis: hints and wake-ups only; a flush loses nothing ---------------------------------------------------------------
REDIS_URL = _secret("REDIS_URL", "redis://127.0.0.1:6379").rstrip("/")
CELERY_BROKER_URL = f"{REDIS_URL}/0"
WAKE_URL = f"{REDIS_URL}/1"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": f"{REDIS_URL}/1",
        "OPTIONS": {"serializer": "lib.cache.JsonSerializer"},
    }
}

# -- Sign-in -----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["lib.passwords.PepperedPBKDF2PasswordHasher"]
PASSWORD_ROUNDS = int(env.text("PASSWORD_ROUNDS", "1000" if TEST else "600000"))
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("login_id", "name", "kana", "email")},
    },
    {"NAME": "lib.passwords.ClassesValidator"},
]
PASSWORD_RESET_TIMEOUT = 3600
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "config:home"
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = "login_id"
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS: dict[str, str | None] = {
    # Failed passwords are counted in PostgreSQL (accounts.services.signin): a flush of Redis frees nobody.
    "login_failed": None,
    "login": "60/m/ip",
    "reset_password": "10/m/ip",
    "change_password": "5/m/user",
}
ACCOUNT_FORMS = {
    "login": "accounts.forms.SignInForm",
    "reset_password": "accounts.forms.PasswordResetForm",
    "reset_password_from_key": "accounts.forms.PasswordResetKeyForm",
    "change_password": "accounts.forms.PasswordChangeForm",
}
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
OTP_TOTP_ISSUER = "出張予約ポータル"

# Sessions live by wall time: idle and absolute limits in minutes, shorter for people with wide rights.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "__Host-sid" if SECURE else "sid"
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_IDLE_MINUTES = 30
SESSION_ABSOLUTE_MINUTES = 12 * 60
SESSION_IDLE_MINUTES_WIDE = 15
SESSION_ABSOLUTE_MINUTES_WIDE = 8 * 60
# Dangerous acts ask for the second factor again when it was given longer ago (docs/security.md, S-024: within ten minutes).
STEP_UP_MINUTES = 10
CSRF_USE_SESSIONS = True
CSRF_COOKIE_SECURE = SECURE
CSRF_FAILURE_VIEW = "accounts.views.signin.csrf_failure"

# -- Answers -----------------------------------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
SECURE_HSTS_SECONDS = 63072000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "script-src-attr": [NONE],
        "style-src": [SELF, STYLE_HASH],
        "style-src-attr": [NONE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
        "report-uri": "/csp-report/",
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 5
FILE_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True

# -- Static files --------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(VAR_DIR / "static")))
# What the client checks invoices with is kept among the documents and fetched from the help page.
STATICFILES_DIRS = [BASE_DIR / "static", ("verify-invoice", BASE_DIR / "docs" / "verify-invoice")]
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TEST
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = TEST
WHITENOISE_AUTOREFRESH = TEST

# -- Mail: rows in an outbox; a worker hands them to this backend ---------------------------------------------------------
DEFAULT_FROM_EMAIL = env.text("MAIL_FROM", "出張予約ポータル <portal@travel.example>")
if PRODUCTION:
    _mail = urlsplit(env.text("SMTP_URL"))
    EMAIL_HOST = _mail.hostname or ""
    EMAIL_PORT = _mail.port or 587
    EMAIL_HOST_USER = _mail.username or ""
    EMAIL_HOST_PASSWORD = env.text("SMTP_PASSWORD", "")
    EMAIL_USE_TLS = True
    EMAIL_TIMEOUT = 20
elif not TEST or "MAIL_DIR" in os.environ:
    # Tests keep mails in memory, unless they start processes whose mails they want to read.
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = Path(env.text("MAIL_DIR", str(VAR_DIR / "mail")))

# -- Logs: one JSON line per event, with the request id through web and workers -------------------------------------------
from config.logs import LOGGING  # noqa: E402, F401

DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True
DJANGO_STRUCTLOG_USER_ID_FIELD = "public_id"
SILENCED_SYSTEM_CHECKS: list[str] = []
