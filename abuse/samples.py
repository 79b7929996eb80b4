"""Samples: values for the preview of a template, of nobody."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from abuse import templates


def values(language: str) -> dict[str, str]:
    """One for each placeholder that there is."""
    in_two_days = f"{timezone.now() + timedelta(days=2):%Y-%m-%d %H:%M} UTC"
    phrases = {
        "source": "phrase.source_notice",
        "automation": "phrase.found_by_people_decided_people",
        "ground": "phrase.ground_rules",
        "redress": "phrase.redress",
        "help": "help.camera",
    }
    kind = templates.find("kind.content/phishing", language)
    given = templates.always(language) | {
        "name": "home.example.net",
        "category": kind.subject,
        "meaning": kind.text,
        "seen": f"{timezone.now() - timedelta(hours=3):%Y-%m-%d %H:%M} UTC",
        "places": "https://home.example.net/login",
        "until": in_two_days,
        "deadline": in_two_days,
        # There is an end.
        "no_end": "",
        "due": in_two_days,
        "case": "4711",
        "number": "4711",
        "link": f"{settings.SITE_URL}/abuse/c/…/",
        "note": "…",
        "text": "…",
        "reason": "…",
        "target": "203.0.113.0/24",
        "action": "…",
        "days": "7",
        "rejected": "9",
        "decided": "10",
    }
    found = templates.find_all(phrases.values(), language)
    return given | {name: templates.fill(found[key], given).text for name, key in phrases.items()}
