"""Django's settings, made from `environment.py`. SQLite in WAL by default, PostgreSQL with one variable."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from approdo import environment, logs
from approdo.backoffice.theme import UNFOLD  # noqa: F401  Django reads it from here

HOME = environment.home()
SECRET_KEY = environment.secret_key()
ENCRYPTION_KEYS = environment.encryption_keys()
ROUND_SECONDS = environment.whole_number("ROUND_SECONDS", 5, least=1)  # between two looks for what is to be done
KEEP_RUNS = environment.whole_number("KEEP_RUNS", 90, least=7)  # days
DEBUG = False
ALLOWED_HOSTS = ["*"]  # the bind address decides who reaches us; see docs/operating.md
ROOT_URLCONF = "approdo.urls"
WSGI_APPLICATION = "approdo.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = True

INSTALLED_APPS = [
    "approdo.backoffice",  # before Unfold: it replaces some of its templates
    "approdo.backoffice.apps.UnfoldConfig",
    "unfold.contrib.filters",
    "approdo.backoffice.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "approdo.nodes",
    "approdo.sales",
    "approdo.catalog",
    "approdo.exchanges",
    "approdo.processes",
]

METRICS = environment.choice("METRICS", ("token", "open", "off"), "token")

MIDDLEWARE = [
    "approdo.monitoring.middleware.log_requests",
    "approdo.monitoring.middleware.answer_probes",  # before hosts and HTTPS are looked at
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

# The page of the REST API needs ninja's files. As an app it would be loaded by every command.
_NINJA = Path(getattr(find_spec("ninja"), "origin", "")).parent

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [_NINJA / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def _database() -> dict[str, Any]:
    url = environment.database_url()
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": HOME / "hub.sqlite3",
            "CONN_MAX_AGE": 600,  # a new connection begins with an empty cache
            "OPTIONS": {
                # IMMEDIATE takes the write lock at once: a transaction that reads first and then
                # writes cannot fail half-way. FULL because a power cut must not lose a stored page;
                # secure_delete because what is purged must not lie on in free pages. A page of orders touches
                # thousands of a large file's pages: 16 MB hold them (SQLite's own 2 MB are written out and read again
                # within the transaction), and those touched again before 64 MB are logged go into the file once.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA secure_delete=ON;"
                "PRAGMA cache_size=-16384;PRAGMA wal_autocheckpoint=16384;",
            },
        }
    parts = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    known = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        # A host that vanishes without a word is noticed within seconds; what the address says comes first.
        "OPTIONS": {
            "connect_timeout": "10",
            "keepalives_idle": "10",
            "keepalives_interval": "5",
            "keepalives_count": "3",
            **{name: value for name, value in parts.items() if name not in known},
        },
        **{ours: parts[theirs] for theirs, ours in known.items() if theirs in parts},
    }


DATABASES = {"default": _database()}

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "approdo.backoffice.failures.locked"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

# The address that people use. A proxy that speaks HTTPS there says so in X-Forwarded-Proto.
URL = environment.public_url()
if URL:
    CSRF_TRUSTED_ORIGINS = [URL]
if URL.startswith("https://"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
_email = environment.email()
EMAIL_URL_GIVEN = bool(_email)
EMAIL_BACKEND = _email.get("EMAIL_BACKEND", "django.core.mail.backends.dummy.EmailBackend")
EMAIL_FILE_PATH = _email.get("EMAIL_FILE_PATH")
EMAIL_HOST, EMAIL_PORT = _email.get("EMAIL_HOST", ""), _email.get("EMAIL_PORT", 25)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _email.get("EMAIL_HOST_USER", ""), _email.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS, EMAIL_USE_SSL = _email.get("EMAIL_USE_TLS", False), _email.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = environment.EMAIL_SECONDS
DEFAULT_FROM_EMAIL = SERVER_EMAIL = _email.get("DEFAULT_FROM_EMAIL", "approdo@localhost")

LANGUAGES = [("it", "Italiano"), ("en", "English")]
LANGUAGE_CODE = environment.setting("LANGUAGE", "en")
LOCALE_PATHS = [str(Path(__file__).parent / "locale")]
USE_TZ = True
TIME_ZONE = environment.setting("TIME_ZONE", "UTC")

STATIC_URL = "static/"
STATICFILES_DIRS = [_NINJA / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

LOGGING = logs.configuration()
LOGGING_CONFIG = "approdo.logs.configure"
SILENCED_SYSTEM_CHECKS: list[str] = []
