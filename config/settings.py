"""Every setting, from the environment. docs/settings.md is the table; units and reasons stand beside each here."""

from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import rest
from config.abuse_settings import *  # noqa: F403 - settings, all of them
from config.abuse_settings import ABUSE_IMAP_HOST, ABUSE_IMAP_SECONDS
from config.beat import SCHEDULE
from config.desk import unfold
from config.environment import IS_PROVIDER, env

BASE_DIR = Path(__file__).resolve().parent.parent

# --- What it is run as: MODE, IS_PROVIDER (config.environment) ---------------------------------------------------
DEBUG = False

# --- Secrets: no default, in any mode ----------------------------------------------------------------------
SECRET_KEY = env.str("DDNS_SECRET_KEY")
# Earlier keys: still read sessions, signatures and sealed TSIG secrets while one is being rotated out.
SECRET_KEY_FALLBACKS: list[str] = env.list("DDNS_SECRET_KEY_FALLBACKS", [])

# --- Addresses -----------------------------------------------------------------------------------------------
SITE_NAME = env.str("DDNS_SITE_NAME", "DDNS")
# The public address of the web pages, without a path; printed in instructions.
SITE_URL = env.str("DDNS_SITE_URL", "http://127.0.0.1:" + env.str("DDNS_WEB_PORT", "8000")).rstrip("/")
# Names under which pages answer. Update paths answer under any: their clients send odd Host headers.
ALLOWED_HOSTS = env.list("DDNS_ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"] if not IS_PROVIDER else [])
CSRF_TRUSTED_ORIGINS = [SITE_URL]
# Peers whose X-Forwarded-For and X-Forwarded-Proto are believed; everybody else's are ignored.
_proxies: list[str] = env.list("DDNS_TRUSTED_PROXIES", [])
TRUSTED_PROXIES = [ip_network(each) for each in _proxies]

# --- Services ------------------------------------------------------------------------------------------------
DATABASES = {"default": env.dj_db_url("DATABASE_URL", conn_max_age=None, engine="django.db.backends.postgresql")}
# A kept connection is tried before a page or a task uses it, so that neither fails after the database was restarted.
# Address updates do not ask: they answer 911 once.
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"].setdefault("OPTIONS", {}).update(
    # Only dnsupdate.statements prepares: psycopg sends DEALLOCATE ALL after every rollback if it has prepared
    # anything itself, and takes the hot path's statements away with its own.
    prepare_threshold=None,
    options=" ".join(
        f"-c {setting}"
        for setting in (
            # For those statements: planned once per connection. Left to itself PostgreSQL plans the hot path's SELECT on
            # every call, which costs several times as much as running it. Everything else sends its values in the text.
            "plan_cache_mode=force_generic_plan",
            # A process that was frozen amid a transaction, or whose host has vanished, must not keep its locks: updates
            # and suspensions of those names would wait for it.
            "idle_in_transaction_session_timeout=30s",
            "tcp_keepalives_idle=10",
            "tcp_keepalives_interval=5",
            "tcp_keepalives_count=4",
        )
    ),
    # Seconds until an unreachable database is an error, so that a client gets 911 and not a hung socket.
    connect_timeout=3,
    # A database whose host has vanished is noticed within 30 seconds.
    keepalives_idle=10,
    keepalives_interval=5,
    keepalives_count=4,
)
REDIS_URL = env.str("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        # Seconds. Attempts to log in are counted here: without it nobody logs in, rather than everybody guessing.
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }
}

# --- Apps ----------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    # Basic: the default one would put the theme's own site in the place of config.admin.Site.
    "unfold.apps.BasicAppConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "config.apps.AdminConfig",
    "dnsupdate",
    "ddns",
    "abuse",
    # Behind ddns, whose templates take the place of its own.
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    # REST: messages, the command for the OpenAPI document, the script and style of the page that renders it.
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
]
MIDDLEWARE = [
    # Before everything that looks at the host name or at TLS.
    "config.metrics.Metrics",
    # For pages only: devices are answered before Django (ddns.wsgi).
    "ddns.middleware.SourceAddress",
    "django.middleware.security.SecurityMiddleware",
    "ddns.middleware.BodyLimit",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "ddns.middleware.Language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "ddns.middleware.ContentSecurityPolicy",
    # The last: it hears first of what a view raises.
    "ddns.middleware.CacheAway",
]
# The longest form is an upload at the abuse desk: 25 MiB of file, 2 MiB of text, and what is around them.
MAX_FORM_OCTETS = 28 * 1024 * 1024
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "ddns.context.site",
                "ddns.context.unread",
            ]
        },
    }
]

# --- People --------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "ddns.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
# auth.W004: User.email is unique by a functional constraint, which the check does not see.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "ddns.log_in.Adapter"
ACCOUNT_FORMS = {"signup": "ddns.forms.accounts.SignUpForm", "reset_password": "ddns.forms.accounts.ResetPasswordForm"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
# One field for the password: browsers show and remember it, and a mistyped one is set anew by mail.
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
# No log-in, and so no hostname, before the address is confirmed; nobody learns whether an address has an account.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 3
# One address per account; another takes its place once it is confirmed, and the old one is told.
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = f"[{SITE_NAME}] "
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_RATE_LIMITS = {
    # Wrong passwords per address, and per e-mail address from everywhere; allauth keeps its other limits. Its own 5 in
    # 5 minutes per e-mail address would let anybody who knows it keep a person of the desk out. 500 take 10 addresses
    # that never rest, and are 150,000 guesses a day at a password of 10 characters that is in no list.
    "login_failed": "10/m/ip,500/5m/key",
    # Wrong codes of a second factor per account, from everywhere. Whoever is kept out by it has lost the password already;
    # 50 a day find a code of six digits, three of which are right at a time, once in 18 years.
    "second_factor": "5/5m/key,50/d/key",
    # Mails that one account can send to addresses that are not its own.
    "manage_email": "10/m/user,30/d/user",
    # Mails to one address that others can cause: a few, so that nobody is flooded. Links in earlier ones still work.
    "confirm_email": "1/3m/key,6/d/key",
    "reset_password": "20/m/ip,3/h/key,6/d/key",
}
MFA_ADAPTER = "ddns.log_in.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "ddns.forms.second_factors.AuthenticateForm",
    "reauthenticate": "ddns.forms.second_factors.ReauthenticateForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = SITE_NAME
# Periods of 30 seconds, before and after: phones' clocks are off.
MFA_TOTP_TOLERANCE = 1
# Browsers allow it on localhost only.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SITE_URL.startswith("https://")
# Whether the desk lets a member of staff in who has no second factor.
STAFF_NEEDS_SECOND_FACTOR = env.bool("DDNS_STAFF_NEEDS_SECOND_FACTOR", IS_PROVIDER)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "dashboard"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

# --- Mail ----------------------------------------------------------------------------------------------------
EMAIL_HOST = env.str("DDNS_SMTP_HOST", "")
EMAIL_PORT = env.int("DDNS_SMTP_PORT", 587)
EMAIL_HOST_USER = env.str("DDNS_SMTP_USER", "")
EMAIL_HOST_PASSWORD = env.str("DDNS_SMTP_PASSWORD", "")
EMAIL_USE_TLS = env.bool("DDNS_SMTP_STARTTLS", True)
# Seconds: a page waits for it.
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DDNS_MAIL_FROM", "noreply@" + (urlsplit(SITE_URL).hostname or "localhost"))
# Without a mail server nothing is sent and no page offers to; while developing, mails are printed.
CAN_MAIL = bool(EMAIL_HOST) or not IS_PROVIDER
_MAILER = "smtp" if EMAIL_HOST else "dummy" if IS_PROVIDER else "console"
EMAIL_BACKEND = f"django.core.mail.backends.{_MAILER}.EmailBackend"
# Where customers and reporters reach the abuse desk.
ABUSE_CONTACT = env.str("DDNS_ABUSE_CONTACT", "abuse@" + (urlsplit(SITE_URL).hostname or "localhost"))
# Where authorities write to, and who finds a hole in the platform; addresses or, of the latter, a URL. An address that
# nobody reads would be worse than the desk's own.
AUTHORITY_CONTACT = env.str("DDNS_AUTHORITY_CONTACT", "") or ABUSE_CONTACT
SECURITY_CONTACT = env.str("DDNS_SECURITY_CONTACT", "") or ABUSE_CONTACT
# Name and address of the representative in the EU of a provider outside (DSA Art. 13); shown on /abuse/.
LEGAL_REPRESENTATIVE = env.str("DDNS_LEGAL_REPRESENTATIVE", "")
# The name of the page where customers see what was decided about their names: who decides is above the app that links there.
DECISIONS_PAGE = "customer_cases"
# The pages for reporters (abuse.urls), which every page links to; ddns knows nothing else of them.
ABUSE_PAGE = "/abuse/"
# Whether mails are acknowledged: a receipt to whoever sent one.
ABUSE_ACKNOWLEDGE = env.bool("DDNS_ABUSE_ACKNOWLEDGE", True) and CAN_MAIL

# --- Browsers ------------------------------------------------------------------------------------------------
IS_HTTPS = SITE_URL.startswith("https://")
# Of trusted proxies only: ddns.middleware.SourceAddress, which stands before its first reader, drops everybody else's.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_SSL_REDIRECT = IS_PROVIDER and IS_HTTPS
# Asked by health checks inside the container, which come through no proxy.
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
# One year; update paths stay reachable over plain HTTP for devices without TLS (ddns.wsgi).
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if IS_PROVIDER and IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("DDNS_HSTS_SUBDOMAINS", IS_PROVIDER)
SECURE_HSTS_PRELOAD = SECURE_HSTS_INCLUDE_SUBDOMAINS
if IS_PROVIDER and not SECURE_HSTS_INCLUDE_SUBDOMAINS:
    # Switched off where customers' names lie below the site's: their devices may speak plain HTTP only.
    SILENCED_SYSTEM_CHECKS += ["security.W005", "security.W021"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())
X_FRAME_OPTIONS = "DENY"

# --- Language, time, static files ------------------------------------------------------------------------------
# Of devices, the desk, logs, and of accounts that have chosen none.
LANGUAGE_CODE = "en"
# Each by its own name; docs/translating.md says how one is added.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "ddns" / "locale"]
LANGUAGE_COOKIE_AGE = int(timedelta(days=365).total_seconds())
LANGUAGE_COOKIE_SECURE = IS_HTTPS
TIME_ZONE = "UTC"
# ISO 8601 dates and seconds: the desk compares times with mails and logs.
FORMAT_MODULE_PATH = "config.formats"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = env.path("DDNS_STATIC_ROOT", BASE_DIR / "var" / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if IS_PROVIDER
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not IS_PROVIDER

# --- Celery: the broker may be wiped at any moment, the rows are the queue --------------------------------------
CELERY_BROKER_URL = (
    "redis+socket://" + REDIS_URL.removeprefix("unix://") if REDIS_URL.startswith("unix:") else REDIS_URL
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "periodic"
CELERY_TASK_ROUTES = {
    "dnsupdate.tasks.publish_zone": {"queue": "publish"},
    # Nothing slow may come between it and its turn: it is what finds a lost wake-up.
    "dnsupdate.tasks.sweep": {"queue": "publish"},
    "dnsupdate.tasks.send_notices": {"queue": "mail"},
    "ddns.tasks.send_mails": {"queue": "mail"},
    "ddns.tasks.post_webhooks": {"queue": "mail"},
    "abuse.tasks.send_answers": {"queue": "mail"},
    "abuse.tasks.*": {"queue": "abuse"},
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# Seconds between tries while the broker is away: short, so that wake-ups work again at once.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5,
    "socket_connect_timeout": 1,
    "socket_keepalive": True,
    "retry_on_timeout": True,
    "visibility_timeout": 60,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 1,
    "max_retries": 1,
}
CELERY_BROKER_POOL_LIMIT = 4
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = dict(SCHEDULE)
if ABUSE_IMAP_HOST:
    CELERY_BEAT_SCHEDULE["poll-mailbox"] = {
        "task": "abuse.tasks.poll_mailbox",
        "schedule": float(ABUSE_IMAP_SECONDS),
        "options": {"expires": ABUSE_IMAP_SECONDS},
    }

# --- Nameserver, publishing ------------------------------------------------------------------------------------
# A file of apexes that the embedded nameserver serves (./run only); add_domain appends to it.
EMBEDDED_ZONES = env.path("DDNS_EMBEDDED_ZONES", None)
# What the nameservers answered for a name, and when: evidence, kept for longer than the year in which a decision may be
# questioned.
PROOF_RETENTION = timedelta(days=env.int("DDNS_PROOF_RETENTION_DAYS", 400))

# Each zone is compared with its rows this often, at a time of day of its own; 0: never by schedule.
VERIFY_EVERY = timedelta(hours=env.int("DDNS_VERIFY_EVERY_HOURS", 24))
# What changed in a zone is compared this often, by IXFR; 0: only when something is suspected.
VERIFY_CHANGES_EVERY = timedelta(minutes=env.int("DDNS_VERIFY_CHANGES_EVERY_MINUTES", 10))
# Whether a zone that differs is mended from the rows unasked.
REPAIR = env.bool("DDNS_REPAIR", True)

# --- Delegation watch --------------------------------------------------------------------------------------------
# Seconds between two looks at every zone's delegation; 0: never. A seizure is known after one.
DELEGATION_WATCH_SECONDS = env.int("DDNS_DELEGATION_WATCH_SECONDS", 120 if IS_PROVIDER else 0)
# Find the parent's servers and addresses of nameservers, nothing else: what the parent says is asked there.
RESOLVERS: list[str] = env.list("DDNS_RESOLVERS", [])
# Where the parent's servers and those that it delegates to listen. Another only for a world of its own, on loopback.
DELEGATION_PORT = env.int("DDNS_DELEGATION_PORT", 53)
# Registration data (RFC 9083): the list of all registries' servers (RFC 9224), or one server for every domain.
RDAP_BOOTSTRAP = env.str("DDNS_RDAP_BOOTSTRAP", "")
RDAP_SERVER = env.str("DDNS_RDAP_SERVER", "")
if DELEGATION_WATCH_SECONDS:
    CELERY_BEAT_SCHEDULE["watch-delegations"] = {
        "task": "dnsupdate.tasks.watch_delegations",
        "schedule": float(DELEGATION_WATCH_SECONDS),
        "options": {"expires": DELEGATION_WATCH_SECONDS},
    }
if RDAP_BOOTSTRAP or RDAP_SERVER:
    # Registries limit how often one may ask; an expiry moves once a year, and a hold shows in the delegation first.
    CELERY_BEAT_SCHEDULE["watch-registries"] = {
        "task": "dnsupdate.tasks.watch_registries",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    }

# --- Alarms ----------------------------------------------------------------------------------------------------
# Who is told when a zone drifts, a nameserver dies, a delegation changes.
ALARM_MAIL: list[str] = env.list("DDNS_ALARM_MAIL", [])
# Gets JSON by POST, signed with the secret if there is one.
ALARM_WEBHOOK = env.str("DDNS_ALARM_WEBHOOK", "")
ALARM_WEBHOOK_SECRET = env.str("DDNS_ALARM_WEBHOOK_SECRET", "")

# --- Metrics ---------------------------------------------------------------------------------------------------
# What Prometheus shows to read /metrics (authorization.credentials); without one there is no such page.
METRICS_TOKEN = env.str("DDNS_METRICS_TOKEN", "")
# Signatures that end sooner raise an alarm. Shorter than the primary's policy leaves them before it renews them (BIND and
# our snippets: five days), longer than a weekend.
SIGNATURE_WARNING = timedelta(days=env.int("DDNS_SIGNATURE_WARNING_DAYS", 3))

# --- Customers -------------------------------------------------------------------------------------------------
# Whether addresses that the Internet does not route (private, loopback, ...) may be published.
ALLOW_NON_GLOBAL_ADDRESSES = env.bool("DDNS_ALLOW_NON_GLOBAL_ADDRESSES", not IS_PROVIDER)
# Every change of an address is kept this long; enough for an analyst to see who held an address, and no longer.
HISTORY_RETENTION = timedelta(days=env.int("DDNS_HISTORY_RETENTION_DAYS", 90))
# Hostnames per account where its plan says nothing else; those given up count while they rest (ddns.hostnames.RELEASE_REST).
HOSTNAMES_PER_ACCOUNT = env.int("DDNS_HOSTNAMES_PER_ACCOUNT", 20)
# Where hostnames point that their owners have taken offline and parked: this platform's web, over plain HTTP. None: nowhere.
_parking: list[str] = env.list("DDNS_PARKING_ADDRESSES", [])
PARKING_ADDRESSES = [ip_address(each) for each in _parking]
# Limits by plan, as JSON: {"free": {"hostnames": 5, "has_wildcard": false}, "pro": {...}}. The fields and what holds where
# nothing is said are in ddns.plans.Plan.
# Accounts of authorities' officers hold nothing, so that whoever has one has nothing else to gain.
PLANS: dict[str, dict] = {"officer": {"hostnames": 0, "keys": 0, "groups": 0}} | dict(env.json("DDNS_PLANS", {}))
# Wrong keys per key prefix and source, and per source, in ten minutes; an honest device retries once a minute.
WRONG_KEYS_PER_PREFIX = env.int("DDNS_WRONG_KEYS_PER_PREFIX", 20)
WRONG_KEYS_PER_SOURCE = env.int("DDNS_WRONG_KEYS_PER_SOURCE", 100)

# Changes in an hour, 0: any number. What changes nothing is never counted. A line that loses its address every minute changes
# it sixty times; a thousand hostnames of an account may move together, and a network may be a street behind one gateway.
CHANGES_PER_HOSTNAME = env.int("DDNS_CHANGES_PER_HOSTNAME", 60)
CHANGES_PER_KEY = env.int("DDNS_CHANGES_PER_KEY", 3000)
CHANGES_PER_ACCOUNT = env.int("DDNS_CHANGES_PER_ACCOUNT", 3000)
CHANGES_PER_NETWORK = env.int("DDNS_CHANGES_PER_NETWORK", 10_000)

# Parts of User-Agents that are answered with badagent: firmware known to be broken.
BLOCKED_AGENTS: list[str] = env.list("DDNS_BLOCKED_AGENTS", [])

# --- REST ------------------------------------------------------------------------------------------------------
# Requests a minute, of a key, of an account with all its keys and sessions, and of a network (an IPv4 address, an IPv6 /56)
# with all its accounts. A program that looks at everything once a second stays below. Updates of devices are not counted.
REST_REQUESTS_PER_KEY = env.int("DDNS_REST_REQUESTS_PER_KEY", 300)
REST_REQUESTS_PER_ACCOUNT = env.int("DDNS_REST_REQUESTS_PER_ACCOUNT", 600)
REST_REQUESTS_PER_NETWORK = env.int("DDNS_REST_REQUESTS_PER_NETWORK", 1200)
# Requests of one process that wait for DNS at once; further ones are answered without waiting. Less than its threads.
REST_WAITS_AT_ONCE = env.int("DDNS_REST_WAITS_AT_ONCE", 1)
REST_FRAMEWORK, SPECTACULAR_SETTINGS = rest.FRAMEWORK, rest.OPENAPI

# --- nsupdate for customers ----------------------------------------------------------------------------------------
# Where manage.py serve_nsupdate takes UPDATE messages, over UDP and TCP.
NSUPDATE_HOSTS: list[str] = env.list("DDNS_NSUPDATE_HOSTS", ["127.0.0.1"])
NSUPDATE_PORT = env.int("DDNS_NSUPDATE_PORT", 5301)
# What customers are told to send to, where it differs: the host name of the site and the port above.
NSUPDATE_SERVER = env.str("DDNS_NSUPDATE_SERVER", "") or urlsplit(SITE_URL).hostname or "localhost"
NSUPDATE_PUBLIC_PORT = env.int("DDNS_NSUPDATE_PUBLIC_PORT", NSUPDATE_PORT)
# Messages that are worked on at a time, each with a connection to the database. One takes some milliseconds there.
NSUPDATE_THREADS = env.int("DDNS_NSUPDATE_THREADS", 8)
# Whether TSIG keys with HMAC-MD5 may be made and work: for devices that know nothing else (MikroTik). Nobody should use it
# for anything new (RFC 8945 §6).
NSUPDATE_HMAC_MD5 = env.bool("DDNS_NSUPDATE_HMAC_MD5", False)


# --- Sign-up: friction instead of denial (docs/decisions/0012-accounts.md) ------------------------------------------
# Whether strangers can make accounts. Without mail they cannot: nothing could be confirmed.
SIGN_UP = env.bool("DDNS_SIGN_UP", True) and CAN_MAIL
# The operator's terms, linked from the sign-up form beside our rules.
TERMS_URL = env.str("DDNS_TERMS_URL", "")
# Derivations of a key (PBKDF2, 1,000 rounds each) that a browser does for one form: 1.6 seconds in Chromium on two busy
# cores, in which a person is still typing.
PROOF_OF_WORK = env.int("DDNS_PROOF_OF_WORK", 8000)
# What a browser without scripts waits instead.
WAIT_INSTEAD_OF_WORK = timedelta(seconds=env.int("DDNS_WAIT_INSTEAD_OF_WORK_SECONDS", 60))
# Sign-ups of one network (/24, /56) in a day: up to the first the work stays as it is, then it doubles with each, and
# beyond the second people are told when to come back. Carriers put thousands of customers behind one /24.
SIGN_UPS_UNHINDERED = env.int("DDNS_SIGN_UPS_UNHINDERED", 5)
SIGN_UPS_PER_NETWORK = env.int("DDNS_SIGN_UPS_PER_NETWORK", 50)
# In so many days an account grows from a new one's hostnames to those of its plan.
YOUNG_ACCOUNT = timedelta(days=env.int("DDNS_YOUNG_ACCOUNT_DAYS", 14))

# --- Accounts for certificate clients (acme-dns) ------------------------------------------------------------------
# A zone of the platform in which accounts get names of their own, also without a key; empty: only with a key, and only
# for hostnames.
ACME_DOMAIN = env.str("DDNS_ACME_DOMAIN", "").strip().lower().rstrip(".")
# Registrations without a key per network (IPv4 /24, IPv6 /48) in an hour; a person needs one for each certificate.
ACME_REGISTRATIONS_PER_NETWORK = env.int("DDNS_ACME_REGISTRATIONS_PER_NETWORK", 10)
# Accounts that were never used are deleted after so long; a person needs some days to have a CNAME record made.
ACME_UNUSED_RETENTION = timedelta(days=env.int("DDNS_ACME_UNUSED_DAYS", 30))
# --- Notifications, renewal by activity ----------------------------------------------------------------------------
# After so many days without an authenticated request a device counts as silent, where its owner has not said otherwise.
SILENCE_DAYS = env.int("DDNS_SILENCE_DAYS", 7)
# Hostnames that nobody has cared for in so long are given up, after three mails; 0: never. A year: a device that is used in
# summer only has been heard by then. Not below 60: the first mail comes 30 days before the end.
_expire_after_days = env.int("DDNS_EXPIRE_AFTER_DAYS", 365)
if 0 < _expire_after_days < 60:
    raise ImproperlyConfigured(
        "DDNS_EXPIRE_AFTER_DAYS is 0 (never), or 60 and more: the first mail comes 30 days before."
    )
EXPIRE_AFTER = timedelta(days=_expire_after_days)
NOTIFICATION_RETENTION = timedelta(days=env.int("DDNS_NOTIFICATION_RETENTION_DAYS", 90))
# Networks that webhooks may reach besides the Internet. Whoever may add a webhook can have us post there.
_webhook_networks: list[str] = env.list("DDNS_WEBHOOK_NETWORKS", [] if IS_PROVIDER else ["0.0.0.0/0", "::/0"])
WEBHOOK_NETWORKS = [ip_network(each) for each in _webhook_networks]

# --- Logs --------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"without_links": {"()": "config.logs.WithoutLinks"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["without_links"]}},
    "root": {"handlers": ["stderr"], "level": env.str("DDNS_LOG_LEVEL", "INFO")},
    # Two lines for every task, and the sweep is one every two seconds; failures are still logged.
    "loggers": {name: {"level": "WARNING"} for name in ("celery.app.trace", "celery.worker.strategy")},
}

# --- Admin theme -------------------------------------------------------------------------------------------------
UNFOLD = unfold(SITE_NAME)
