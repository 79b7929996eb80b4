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

# --- Partners ----------------------------------------------------------------------------------------
# Connections a second that one diverted name brings a sinkhole. In 2014 4.7 million infected addresses were counted behind
# 18,472 names, 254 each; one attempt a minute of each makes 4.2.
DIVERTED_NAME_CONNECTIONS = env.float("DDNS_DIVERTED_NAME_CONNECTIONS", 5.0)
# How far what is shared may go on (FIRST TLP 2.0): names suspended on cases, and those for orders of authorities, which may
# say more of an investigation.
_TLP = validate.OneOf(["clear", "green", "amber"])
SHARED_CASES_TLP = env.str("DDNS_SHARED_CASES_TLP", "green", validate=_TLP)
SHARED_ORDERS_TLP = env.str("DDNS_SHARED_ORDERS_TLP", "amber", validate=_TLP)
# Requests a minute with one partner's key: a feed is fetched once a minute, and 18,472 names come in four parts.
PARTNER_REQUESTS_PER_KEY = env.int("DDNS_PARTNER_REQUESTS_PER_KEY", 60)

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

# --- Officers of authorities -------------------------------------------------------------------------
# So long after vetting an officer is vetted anew: people change their office, and mailboxes their owners.
OFFICER_TERM = timedelta(days=env.int("DDNS_OFFICER_TERM_DAYS", 365))
# Before that officer and staff are told: a call-back wants two people here and an answer there.
OFFICER_TERM_WARNING = timedelta(days=env.int("DDNS_OFFICER_TERM_WARNING_DAYS", 30))
# A session of theirs ends after so long without a page: a desk that is left alone; and in any case: a working day.
OFFICER_SESSION_IDLE = timedelta(minutes=env.int("DDNS_OFFICER_SESSION_IDLE_MINUTES", 30))
OFFICER_SESSION = timedelta(hours=env.int("DDNS_OFFICER_SESSION_HOURS", 8))
# Keys of one officer that work at a time, and how long one may: as long as its officer's term at most.
OFFICER_KEYS = env.int("DDNS_OFFICER_KEYS", 5)
OFFICER_KEY_LIFE = timedelta(days=env.int("DDNS_OFFICER_KEY_DAYS", 365))
# Orders in 24 hours: somebody who writes them, and a house of such people. A forged account gets no further.
ORDERS_PER_OFFICER = env.int("DDNS_ORDERS_PER_OFFICER", 20)
ORDERS_PER_AGENCY = env.int("DDNS_ORDERS_PER_AGENCY", 100)
# Names in them: the longest list that is known had 18,472 (30 June 2014), and may be filed twice.
NAMES_PER_OFFICER = env.int("DDNS_NAMES_PER_OFFICER", 50_000)
NAMES_PER_AGENCY = env.int("DDNS_NAMES_PER_AGENCY", 100_000)
# Emergencies of one officer that wait at a time: each takes people here away from everything else.
EMERGENCIES_PER_OFFICER = env.int("DDNS_EMERGENCIES_PER_OFFICER", 3)
# Applications of one network in an hour: a station behind one address applies together.
AUTHORITY_FORMS_PER_NETWORK = env.int("DDNS_AUTHORITY_FORMS_PER_NETWORK", 20)
