"""Settings of the abuse desk, from the environment; config.settings has them all, and what depends on others."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from environs import validate

from config.environment import IS_PROVIDER, env

# --- What is kept ------------------------------------------------------------------------------------
# What came in and was no report is kept for so long; reports as long as their categories say, after their cases were closed.
ABUSE_SUBMISSION_RETENTION = timedelta(days=env.int("DDNS_ABUSE_SUBMISSION_RETENTION_DAYS", 730))
# What a feed brought that named nothing new of ours: some megabytes every few minutes, to look up what it said this week.
ABUSE_FEED_RETENTION = timedelta(days=env.int("DDNS_ABUSE_FEED_RETENTION_DAYS", 7))
# So long an officer can fetch a disclosure that was released for them; then its octets and its password are deleted.
ABUSE_DISCLOSURE_KEPT = timedelta(days=env.int("DDNS_ABUSE_DISCLOSURE_DAYS", 30))

# --- Appeals -----------------------------------------------------------------------------------------
# So long a customer or reporter can object to a decision: six months at least (DSA Art. 20(1)).
APPEAL_WINDOW = timedelta(days=env.int("DDNS_APPEAL_WINDOW_DAYS", 184))
# Somebody has looked at an appeal, and has decided it, within: a name that is out of DNS by mistake is somebody's camera or shop.
APPEAL_LOOK_WITHIN = timedelta(hours=env.int("DDNS_APPEAL_LOOK_HOURS", 24))
APPEAL_DECIDE_WITHIN = timedelta(hours=env.int("DDNS_APPEAL_DECIDE_HOURS", 72))
# The body for out-of-court settlement that the operator has agreed with (DSA Art. 21), by name and address; empty: any.
DISPUTE_BODY = env.str("DDNS_DISPUTE_BODY", "")

# --- What one person decides alone; beyond, a second one looks ---------------------------------------
# Names that one decision may touch: an account of a household or small business.
ABUSE_NAMES_PER_DECISION = env.int("DDNS_ABUSE_NAMES_PER_DECISION", 20)
# Names that one person may act on in an hour: half a minute each, for an hour.
ABUSE_NAMES_PER_HOUR = env.int("DDNS_ABUSE_NAMES_PER_HOUR", 120)
# Thousandths of a domain's hostnames, from so many names on: 0.4 % was the aim of the order that took No-IP's domains.
ABUSE_PER_MILLE_OF_ZONE = env.float("DDNS_ABUSE_PER_MILLE_OF_ZONE", 1.0)
ABUSE_SHARE_FROM_NAMES = env.int("DDNS_ABUSE_SHARE_FROM_NAMES", 10)
# Cases decided at once.
ABUSE_CASES_PER_BATCH = env.int("DDNS_ABUSE_CASES_PER_BATCH", 50)
# Plans whose names are protected: nobody acts on them alone.
ABUSE_PROTECTED_PLANS: list[str] = env.list("DDNS_ABUSE_PROTECTED_PLANS", [])

# --- Policy ------------------------------------------------------------------------------------------
# Names that policy holds by itself in an hour; beyond, people look first: a feed that errs must not freeze a zone. 0: none.
ABUSE_AUTOMATIC_HOLDS_PER_HOUR = env.int("DDNS_ABUSE_AUTOMATIC_HOLDS_PER_HOUR", 50)
# The operator's files of networks and countries (MaxMind's format: GeoLite2, DB-IP, IPinfo). Without them the data that came
# with a package is used, which is some years old: enough to tell networks apart, wrong about some.
ASN_MMDB: Path | None = env.path("DDNS_ASN_MMDB", None)
GEO_MMDB: Path | None = env.path("DDNS_GEO_MMDB", None)
# A directory of lists as the MISP project publishes them (misp-warninglists): sinkholes, sandboxes, VPNs, Tor.
WARNINGLISTS: Path | None = env.path("DDNS_WARNINGLISTS", None)

# --- Reports of strangers ----------------------------------------------------------------------------
# Forms that one network (IPv4 /24, IPv6 /48) may send in an hour, faulty ones included: an office behind one address has a
# bad day. Who has more to say has mail and the API.
REPORT_FORMS_PER_NETWORK = env.int("DDNS_REPORT_FORMS_PER_NETWORK", 30)
# Questions of a network whether a name is ours, and receipts that it has verified, in a minute; the form asks while one types.
REPORT_LOOKS_PER_NETWORK = env.int("DDNS_REPORT_LOOKS_PER_NETWORK", 60)

# --- The doors: API, mailbox, feeds ------------------------------------------------------------------
# Requests a minute to the API for reporters: with one key (10,000 reports, one by one, in half an hour), and of a network
# (/24, /48) without any: a person, or a program that asks for a key when it is told so.
ABUSE_REQUESTS_PER_KEY = env.int("DDNS_ABUSE_REQUESTS_PER_KEY", 300)
ABUSE_REQUESTS_PER_NETWORK = env.int("DDNS_ABUSE_REQUESTS_PER_NETWORK", 20)
# The mailbox that is polled; without a host none is (docs/abuse-doors.md). tls, starttls, or none: on loopback only.
ABUSE_IMAP_HOST = env.str("DDNS_ABUSE_IMAP_HOST", "")
ABUSE_IMAP_SECURITY = env.str("DDNS_ABUSE_IMAP_SECURITY", "tls", validate=validate.OneOf(["tls", "starttls", "none"]))
ABUSE_IMAP_PORT = env.int("DDNS_ABUSE_IMAP_PORT", 993 if ABUSE_IMAP_SECURITY == "tls" else 143)
ABUSE_IMAP_USER = env.str("DDNS_ABUSE_IMAP_USER", "")
ABUSE_IMAP_PASSWORD = env.str("DDNS_ABUSE_IMAP_PASSWORD", "")
ABUSE_IMAP_FOLDER = env.str("DDNS_ABUSE_IMAP_FOLDER", "INBOX")
# Where mails are moved once they are stored: nothing is deleted.
ABUSE_IMAP_DONE_FOLDER = env.str("DDNS_ABUSE_IMAP_DONE_FOLDER", "Received")
# Seconds between two looks into it: a report waits for half of it, on average.
ABUSE_IMAP_SECONDS = env.int("DDNS_ABUSE_IMAP_SECONDS", 30)
# After so long without a look that worked people are told: a mail server that is restarted is nobody's concern.
ABUSE_MAILBOX_ALARM = timedelta(minutes=env.int("DDNS_ABUSE_MAILBOX_ALARM_MINUTES", 10))
# The name by which our own mail server signs its Authentication-Results (RFC 8601); empty: nothing proves a sender.
ABUSE_AUTHSERV_ID = env.str("DDNS_ABUSE_AUTHSERV_ID", "")
if ABUSE_IMAP_HOST and not ABUSE_IMAP_USER:
    raise ImproperlyConfigured("DDNS_ABUSE_IMAP_HOST wants DDNS_ABUSE_IMAP_USER and DDNS_ABUSE_IMAP_PASSWORD.")
# Networks that feeds may be pulled from besides the Internet.
_feed_networks: list[str] = env.list("DDNS_ABUSE_FEED_NETWORKS", [] if IS_PROVIDER else ["0.0.0.0/0", "::/0"])
ABUSE_FEED_NETWORKS = [ip_network(each) for each in _feed_networks]
