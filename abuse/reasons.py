"""Reasons: what speaks for and against a name, a function for each signal. Facts in, a sentence with figures out. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from abuse.facts import Facts, FeedHit, Voice

Parameters = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Finding:
    """A signal that was found; share: how much of its points it has, from 0 to 1."""

    sentence: str
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Signal:
    """points and parameters are what an editable Weight begins with. is_weak: never counts alone."""

    key: str
    title: str
    points: int
    find: Callable[[Facts, Parameters], Finding | None]
    parameters: Parameters
    is_weak: bool = False


SIGNALS: dict[str, Signal] = {}


def _signal(key: str, title: str, points: int, *, is_weak: bool = False, **parameters: float) -> Callable:
    def register(find: Callable[[Facts, Parameters], Finding | None]) -> Callable[[Facts, Parameters], Finding | None]:
        SIGNALS[key] = Signal(key, title, points, find, parameters, is_weak)
        return find

    return register


@_signal("feed_hit", "A feed lists the name with confidence", 40, confidence=0.75, unsaid=0.75, days=30)
def feed_hit(facts: Facts, parameters: Parameters) -> Finding | None:
    days = timedelta(days=parameters["days"])
    hits = confident_hits(facts, parameters["confidence"], days, unsaid=parameters["unsaid"])
    if not hits:
        return None
    best = max(each.confidence or 0 for each in hits)
    sure = f"with a confidence of {best:.0%}" if best else "without saying how sure it is"
    feeds = listed(each.feed for each in hits)
    return Finding(f"{feeds} {_plural(hits, 'lists', 'list')} the name as malicious, {sure}, not as compromised.")


@_signal("trusted_report", "A trusted reporter with verified evidence", 30, accuracy=0.9, decided=20)
def trusted_report(facts: Facts, parameters: Parameters) -> Finding | None:
    trusted = trusted_voices(facts, parameters["accuracy"], parameters["decided"])
    if not trusted:
        return None
    best = trusted[0]
    return Finding(
        f"{best.identity}, a trusted reporter that was right in at least {best.accuracy:.0%} of {best.decided_count} decided "
        "reports, sent evidence that agrees with our own history."
    )


@_signal("independent_reports", "Several independent reporters", 15, voices=3)
def independent_reports(facts: Facts, parameters: Parameters) -> Finding | None:
    heard = [each for each in facts.voices if each.counts]
    if len(heard) < parameters["voices"]:
        return None
    lasted = max(each.first_at for each in heard) - min(each.first_at for each in heard)
    return Finding(f"{count(len(heard), 'independent reporter').capitalize()} within {span(lasted)}.")


@_signal("shared_with_suspended", "A suspended name of another account is at the same address", 25)
def shared_with_suspended(facts: Facts, parameters: Parameters) -> Finding | None:
    for place in facts.places:
        if place.suspended and not place.network.is_shared and not place.network.is_sunk:
            return Finding(
                f"Its address {place.address} is also that of {listed(place.suspended)}, suspended and of another account."
            )
    return None


@_signal("names_on_address", "Many new names at one address within a day", 20, names=5)
def names_on_address(facts: Facts, parameters: Parameters) -> Finding | None:
    if facts.is_paid:
        return None
    for place in facts.places:
        is_telling = not place.network.is_shared and not place.network.is_sunk
        if is_telling and place.new_in_day + 1 >= parameters["names"]:
            number = count(place.new_in_day + 1, "name")
            start = f"At least {number}" if place.is_least else number.capitalize()
            return Finding(f"{start} registered of late were at {place.address} within 24 hours.")
    return None


@_signal("account_suspended_before", "The account has suspended names", 20, days=180)
def account_suspended_before(facts: Facts, parameters: Parameters) -> Finding | None:
    if not facts.suspended_names:
        return None
    latest = max(facts.suspended_names, key=lambda each: each.at)
    share = 1 - (facts.at - latest.at) / timedelta(days=parameters["days"])
    if share <= 0:
        return None
    number = count(len(facts.suspended_names), "suspended name")
    return Finding(f"The account has {number}; the last is {latest.name}, since {latest.at:%Y-%m-%d}.", min(share, 1.0))


@_signal("sign_up_burst", "Many sign-ups from one network", 15, accounts=3)
def sign_up_burst(facts: Facts, parameters: Parameters) -> Finding | None:
    total = facts.sign_ups_nearby + 1
    if total < parameters["accounts"]:
        return None
    return Finding(f"{count(total, 'account').capitalize()} signed up from its network within a day of it.")


@_signal("young_account", "A new account", 15, hours=24)
def young_account(facts: Facts, parameters: Parameters) -> Finding | None:
    # Of when it was complained of: a case that waits does not make its account trustworthy.
    if facts.joined_at is None or facts.opened_at - facts.joined_at >= timedelta(hours=parameters["hours"]):
        return None
    return Finding(f"The account was {span(facts.opened_at - facts.joined_at)} old when the name was first reported.")


@_signal("many_networks", "Several networks or countries within a day", 15, networks=4, countries=3)
def many_networks(facts: Facts, parameters: Parameters) -> Finding | None:
    held, countries = facts.movement.networks_in_day, facts.movement.countries_in_day
    if len(held) < parameters["networks"] and len(countries) < parameters["countries"]:
        return None
    return Finding(
        f"Within 24 hours it was in {count(len(held), 'network')} and {count(len(countries), 'country', 'countries')}."
    )


@_signal("foreign_target", "It points into hosting or a VPN, and is updated from elsewhere", 10)
def foreign_target(facts: Facts, parameters: Parameters) -> Finding | None:
    source = facts.movement.source_network
    for place in facts.places:
        is_rented = place.network.kind in ("hosting", "VPN", "Tor")
        if is_rented and source.key and place.network.key and source.key != place.network.key:
            return Finding(
                f"It points to {place.address} ({place.network}), and was last updated from {facts.movement.source} ({source})."
            )
    return None


@_signal("lookalike", "The label imitates a brand", 20)
def lookalike(facts: Facts, parameters: Parameters) -> Finding | None:
    if facts.likeness is None:
        return None
    return Finding(f"The label “{facts.label}” looks like {facts.likeness.brand} ({facts.likeness.how}).")


@_signal("tokens", "The label pretends to be a domain, or names a tool", 8, is_weak=True)
def tokens(facts: Facts, parameters: Parameters) -> Finding | None:
    quoted = [f"“{each}”" for each in facts.tokens]
    return Finding(f"The label has {listed(quoted)} in it.") if quoted else None


@_signal("sibling", "Numbered siblings of a suspended name", 10)
def sibling(facts: Facts, parameters: Parameters) -> Finding | None:
    if not facts.suspended_siblings:
        return None
    return Finding(
        f"{listed(facts.suspended_siblings)}, of the same stem, {_plural(facts.suspended_siblings)} suspended."
    )


@_signal("disposable_mail", "A throw-away mail address", 8, is_weak=True)
def disposable_mail(facts: Facts, parameters: Parameters) -> Finding | None:
    if not facts.is_mail_disposable:
        return None
    return Finding(f"The account's mail address is at {facts.mail_domain}, which gives addresses away for minutes.")


@_signal("random_label", "The label looks random", 3, is_weak=True)
def random_label(facts: Facts, parameters: Parameters) -> Finding | None:
    return Finding(f"The label “{facts.label}” looks random.") if facts.looks_random else None


@_signal("established", "Old, and always in the same networks", -20, days=365, networks=2)
def established(facts: Facts, parameters: Parameters) -> Finding | None:
    age, held = facts.age, facts.movement.networks
    if age is None or age < timedelta(days=parameters["days"]) or len(held) > parameters["networks"]:
        return None
    return Finding(f"The name is {span(age)} old and stays in {count(max(len(held), 1), 'network')}.")


@_signal("secured", "A second factor, or a paid plan", -10)
def secured(facts: Facts, parameters: Parameters) -> Finding | None:
    what = [
        *(["is paid for"] if facts.is_paid else []),
        *(["has a second factor"] if facts.has_second_factor else []),
    ]
    return Finding(f"The account {listed(what)}.") if what else None


@_signal("appeal_won", "An appeal was won before", -30)
def appeal_won(facts: Facts, parameters: Parameters) -> Finding | None:
    if not facts.appeals_won:
        return None
    return Finding(f"The account has won {count(facts.appeals_won, 'appeal')} against decisions of this desk.")


@_signal("sunk", "It goes nowhere already", 0)
def sunk(facts: Facts, parameters: Parameters) -> Finding | None:
    if not facts.is_sunk:
        return None
    where = listed(f"{each.address} ({each.network.kind})" for each in facts.places)
    return Finding(f"Already sunk or parked: it answers {where}. That is no proof of malice.")


def confident_hits(facts: Facts, least: float, within: timedelta, *, unsaid: float = 0) -> list[FeedHit]:
    """Of feeds that are sure enough, not down-weighted, of late, and do not call the name compromised; not settled before.

    unsaid is what a feed is taken for that gives no confidence: URLhaus lists what somebody has looked at, and no figure.
    """
    return [
        each
        for each in facts.feed_hits
        if (unsaid if each.confidence is None else each.confidence) >= least
        and not each.is_compromised
        and each.tier != "D"
        and facts.at - each.at < within
        and (facts.settled_at is None or each.at > facts.settled_at)
    ]


def trusted_voices(facts: Facts, accuracy: float, decided: float) -> list[Voice]:
    """Of tier A, right so often and so many times, whose evidence agrees with our own history; the best first."""
    found = [
        each
        for each in facts.voices
        if each.tier == "A" and each.grade >= 3 and each.accuracy > accuracy and each.decided_count >= decided
    ]
    return sorted(found, key=lambda each: -each.accuracy)


_NUMBERS = "no one two three four five six seven eight nine ten eleven twelve".split()
_MOST_LISTED = 3


def count(number: int, noun: str, plural: str = "") -> str:
    """“three independent reporters”."""
    word = _NUMBERS[number] if number < len(_NUMBERS) else str(number)
    return f"{word} {noun if number == 1 else plural or noun + 's'}"


def listed(words: Iterable[str]) -> str:
    """“a, b and c”; of many the first three and how many more."""
    distinct = list(dict.fromkeys(words))
    shown, rest = distinct[:_MOST_LISTED], len(distinct) - _MOST_LISTED
    if rest > 0:
        return f"{', '.join(shown)} and {rest} more"
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]])) if shown else ""


def span(duration: timedelta) -> str:
    """“2 hours”, “3 days”: rounded down, at least a minute."""
    for unit, length in (("year", 365 * 86400), ("day", 86400), ("hour", 3600), ("minute", 60)):
        if (number := int(duration.total_seconds() // length)) >= 1:
            # “1 day” hides too much: 47 hours are as good as two.
            if number == 1 and unit == "day":
                hours = int(duration.total_seconds() // 3600)
                return f"{hours} hours"
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return "a minute"


def _plural(things: Sequence, one: str = "is", many: str = "are") -> str:
    return one if len(things) == 1 else many
