"""What each kind of report means here, to begin with; edited at the desk afterwards.

Clocks: what was found in the wild, see docs/decisions/0021-abuse-desk.md.
"""

from datetime import timedelta

from django.db import migrations

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TWO_YEARS, ONE_YEAR = timedelta(days=730), timedelta(days=365)

LURE = "The hostname is a lure."
C2 = "The hostname is a command-and-control server or drops malware."
VICTIM = "The customer is the victim: a device behind the name was broken into, or is open to the world."
SPAM = "The hostname is advertised by spam."
DISPUTE = "Not DNS abuse: a dispute about content."

# key, title, meaning, route, first action, clock, severity, evidence wanted, on the form, anonymous, may hold, retention
ROWS = [
    ("content/csam", "Sexual abuse of children", "Illegal to hold: no media; hotline, suspend, preserve.", "restricted", "suspend", HOUR, 100,
     ["The address of the page. Do not attach or send pictures.", "A hotline's reference, if there is one."], True, True, False, ONE_YEAR),
    ("content/csem", "Sexual exploitation of children", "Illegal to hold: no media; hotline, suspend, preserve.", "restricted", "suspend", HOUR, 100,
     ["The address of the page. Do not attach or send pictures.", "A hotline's reference, if there is one."], False, True, False, ONE_YEAR),
    ("content/phishing", "Phishing", LURE, "suspect", "suspend", 4 * HOUR, 90,
     ["The whole address of the page.", "Whom it imitates.", "A screenshot, or the mail that led there with its headers."], True, False, True, TWO_YEARS),
    ("content/malware", "Malware", C2, "suspect", "suspend", 4 * HOUR, 90,
     ["The address that serves it, or host and port.", "SHA-256 of the file, or its family.", "A sandbox's report or log lines with times."], True, False, True, TWO_YEARS),
    ("infrastructure/botnet", "Botnet, command and control", C2, "suspect", "suspend", 4 * HOUR, 90,
     ["Host and port that bots contact.", "The family, and how you know.", "Log lines or a capture with times."], True, False, True, TWO_YEARS),
    ("reputation/threat_intelligence", "Threat intelligence", C2, "suspect", "suspend", 4 * HOUR, 80, ["The indicator, its source, its confidence."], False, False, True, TWO_YEARS),
    ("content/fraud", "Fraud, fake shop", LURE, "suspect", "suspend", 4 * HOUR, 80,
     ["The whole address of the page.", "What was promised and what happened.", "A screenshot or receipt."], True, False, True, TWO_YEARS),
    ("content/brand_infringement", "Imitation of a brand", LURE, "suspect", "suspend", 4 * HOUR, 60,
     ["The whole address of the page.", "Which brand, and your right to it.", "A screenshot."], True, False, False, TWO_YEARS),
    ("content/exposed_data", "Private data exposed", "Data of others is published: desk and counsel decide.", "suspect", "hold", 24 * HOUR, 70,
     ["The whole address of the page.", "Whose data it is."], True, False, False, TWO_YEARS),
    ("content/suspicious_registration", "Suspicious name", "A lookalike that serves nothing yet.", "suspect", "hold", 24 * HOUR, 40,
     ["The name, and what it resembles."], False, False, True, TWO_YEARS),
    ("content/remote_compromise", "Hacked site", VICTIM, "victim", "inform", 72 * HOUR, 50, ["The address and what was placed there."], False, False, False, TWO_YEARS),
    ("infrastructure/compromised_server", "Hacked server", VICTIM, "victim", "inform", 72 * HOUR, 50, ["Log lines with times."], True, False, False, TWO_YEARS),
    ("connection/infected_host", "Infected device", VICTIM, "victim", "inform", 72 * HOUR, 50, ["Log lines with times, addresses and ports."], False, False, False, TWO_YEARS),
    ("connection/*", "Attacks from a device", VICTIM, "victim", "inform", 72 * HOUR, 50, ["Log lines with times, addresses and ports."], True, False, False, TWO_YEARS),
    ("vulnerability/*", "Open or vulnerable service", VICTIM, "victim", "inform", 72 * HOUR, 30, ["Port and service, and when it was seen."], False, False, False, TWO_YEARS),
    ("messaging/*", "Spam", SPAM, "suspect", "warn", 48 * HOUR, 40, ["The mail with all its headers."], True, False, False, TWO_YEARS),
    ("copyright/*", "Copyright, trade mark", DISPUTE, "dispute", "inform", 10 * DAY, 20,
     ["The work, and your right to it.", "The whole address of each copy."], True, False, False, TWO_YEARS),
    ("reputation/*", "Listed elsewhere", "A list has the name: look at why.", "suspect", "warn", 24 * HOUR, 40, ["The list and its entry."], False, False, False, TWO_YEARS),
    ("content/*", "Other content", "Content that no category above fits.", "suspect", "warn", 48 * HOUR, 40, ["The whole address of the page."], False, False, False, TWO_YEARS),
    ("infrastructure/*", "Other infrastructure", "Infrastructure of an attack.", "suspect", "warn", 24 * HOUR, 50, ["Log lines with times."], False, False, False, TWO_YEARS),
    ("other/unclassified", "Something else", "A person decides what it is.", "suspect", "warn", 48 * HOUR, 30, ["What you saw, where and when."], True, False, False, TWO_YEARS),
]  # fmt: skip

FIELDS = (
    "key", "title", "meaning", "route", "first_action", "clock", "severity", "evidence_wanted", "is_on_form",
    "may_be_anonymous", "may_hold", "retention",
)  # fmt: skip


def add(apps, schema_editor) -> None:
    category = apps.get_model("abuse", "Category")
    category.objects.bulk_create(
        [category(**dict(zip(FIELDS, row, strict=True))) for row in ROWS], ignore_conflicts=True
    )


class Migration(migrations.Migration):
    dependencies = [("abuse", "0005_desk")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
