"""Facts for tables of cases: a young, ordinary name that nobody says anything of, and what a case changes of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from abuse.facts import Facts, FeedHit, Movement, Place, Voice
from abuse.networks import Network

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

HOME = Network(64500, "Example Telecom", "DE")
HOSTING = Network(64501, "Example Hosting", "NL", "hosting")


def facts(**changed: Any) -> Facts:
    plain: dict[str, Any] = {
        "at": NOW,
        "case": 1,
        "name": "home.ddns.test",
        "label": "home",
        "kind": "content/phishing",
        "route": "suspect",
        "may_hold": True,
        "opened_at": NOW - HOUR,
        "state": "live",
        "created_at": NOW - 2 * DAY,
        "account": 1,
        "joined_at": NOW - 30 * DAY,
        "plan": "free",
        "mail_domain": "example.com",
        "last_contact_at": NOW - HOUR,
        "last_agent": "inadyn/2.12",
        "other_name_count": 1,
        "places": (place(),),
        "movement": movement(),
    }
    return Facts(**plain | changed)


def place(address: str = "203.0.113.7", network: Network = HOME, **fields: Any) -> Place:
    return Place(address=address, network=network, **fields)


def movement(**fields: Any) -> Movement:
    values: dict[str, Any] = {"networks": (HOME.key,), "source": "203.0.113.7", "source_network": HOME}
    return Movement(**values | fields)


def voice(
    identity: str = "org:example.net", *, tier: str = "C", grade: int = 1, ago: timedelta = HOUR, **fields: Any
) -> Voice:
    at = NOW - ago
    values: dict[str, Any] = {"kind": "organisation", "report_count": 1, "first_at": at, "last_at": at}
    return Voice(identity=identity, tier=tier, grade=grade, **values | fields)


def voices(count: int, **fields: Any) -> tuple[Voice, ...]:
    return tuple(voice(f"org:example{number}.net", **fields) for number in range(count))


def trusted(**fields: Any) -> Voice:
    return voice("org:cert.example", tier="A", grade=3, **{"accuracy": 0.95, "decided_count": 80} | fields)


def hit(confidence: float | None = 0.95, *, ago: timedelta = HOUR, is_compromised: bool = False) -> FeedHit:
    return FeedHit(feed="threatfox", at=NOW - ago, confidence=confidence, is_compromised=is_compromised)
