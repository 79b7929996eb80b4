"""Compromise: whether a name looks made for abuse, or broken into (COMAR, adapted to dynamic DNS). For people to read."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from abuse.facts import Facts
from abuse.reasons import count, listed, span

MALICIOUS, COMPROMISED, UNSURE = "malicious", "compromised", "unsure"
# How many more signs one side must have.
LEAD = 2

YOUNG_ACCOUNT, YOUNG_NAME = timedelta(days=7), timedelta(hours=24)
OLD_ACCOUNT = timedelta(days=365)
FAMILY = 3

_SCRIPTS = re.compile(r"curl|wget|python|go-http|powershell|libwww|okhttp|^$", re.IGNORECASE)
_DEVICES = re.compile(
    r"fritz|openwrt|ddns-scripts|mikrotik|synology|qnap|dahua|hikvision|nvr|dvr|asus|tp-link|d-link|dlink|netgear|draytek"
    r"|ubiquiti|edgeos|unifi|pfsense|opnsense|dyndns updater|huawei|zyxel|speedport|inadyn|ddclient",
    re.IGNORECASE,
)
_PLANTED = re.compile(r"/wp-(?:content|includes|admin)/|/cgi-bin/|/plugins/|/uploads/|/\.well-known/.+/", re.IGNORECASE)
_OF_DEVICES = ("connection/", "vulnerability/", "infrastructure/compromised_server", "content/remote_compromise")


@dataclass(frozen=True, slots=True)
class Judgement:
    """leans: malicious, compromised or unsure. Each reason is a sentence."""

    leans: str
    for_malice: tuple[str, ...] = ()
    for_compromise: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        first, second = self.for_malice, self.for_compromise
        return second + first if self.leans == COMPROMISED else first + second


def judge(facts: Facts) -> Judgement:
    """Counts the signs of either side; where none leads clearly it is unsure: warn, and hold at most.

    An ordinary line with an ordinary client makes no victim: whoever runs a tool at home looks the same. One sign of age or of
    a break-in is needed besides.
    """
    malice = _found(_OF_MALICE, facts)
    broken = _found(_OF_BREAK_IN, facts)
    victim = broken + _found(_OF_HOUSEHOLD, facts)
    lead = len(malice) - len(victim)
    leans = MALICIOUS if lead >= LEAD else COMPROMISED if lead <= -LEAD and broken else UNSURE
    return Judgement(leans, malice, victim)


def _found(signs: Iterable[Callable[[Facts], str]], facts: Facts) -> tuple[str, ...]:
    return tuple(filter(None, (sign(facts) for sign in signs)))


def _young_account(facts: Facts) -> str:
    if facts.joined_at is None or facts.opened_at - facts.joined_at >= YOUNG_ACCOUNT:
        return ""
    return f"The account was {span(facts.opened_at - facts.joined_at)} old at the first report."


def _young_name(facts: Facts) -> str:
    if facts.created_at is None or facts.opened_at - facts.created_at >= YOUNG_NAME:
        return ""
    return f"The name was {span(facts.opened_at - facts.created_at)} old at the first report."


def _family(facts: Facts) -> str:
    return f"{listed(facts.siblings)} have the same stem." if len(facts.siblings) + 1 >= FAMILY else ""


def _rented(facts: Facts) -> str:
    rented = [each for each in facts.places if each.network.kind in ("hosting", "VPN", "Tor")]
    return f"It points to {rented[0].address} ({rented[0].network})." if rented else ""


def _script(facts: Facts) -> str:
    agents = facts.movement.agents or ((facts.last_agent,) if facts.last_contact_at else ())
    if not agents or not all(_SCRIPTS.search(each) for each in agents):
        return ""
    return f"It is updated by a script ({listed(each or 'no name' for each in agents)})."


def _elsewhere(facts: Facts) -> str:
    source = facts.movement.source_network.key
    targets = {each.network.key for each in facts.places if each.network.key}
    if not source or not targets or source in targets:
        return ""
    return f"It is updated from another network than the one that it points into ({facts.movement.source_network})."


def _throw_away(facts: Facts) -> str:
    return f"The account's mail address is a throw-away one ({facts.mail_domain})." if facts.is_mail_disposable else ""


def _label(facts: Facts) -> str:
    if facts.likeness is not None:
        return f"The label looks like {facts.likeness.brand}."
    return f"The label has “{facts.tokens[0]}” in it." if facts.tokens else ""


def _old_account(facts: Facts) -> str:
    if facts.joined_at is None or facts.at - facts.joined_at <= OLD_ACCOUNT:
        return ""
    return f"The account is {span(facts.at - facts.joined_at)} old."


def _few_names(facts: Facts) -> str:
    if facts.created_at is None or facts.account is None or facts.other_name_count:
        return ""
    return "It is the account's only name." if (facts.account_age or timedelta()) > YOUNG_ACCOUNT else ""


def _at_home(facts: Facts) -> str:
    source = facts.movement.source_network.key
    places = [each.network for each in facts.places]
    if not source or not places or any(each.kind or each.key != source for each in places):
        return ""
    return f"It points to the line that it is updated from ({facts.movement.source_network})."


def _device(facts: Facts) -> str:
    found = [each for each in (*facts.movement.agents, facts.last_agent) if _DEVICES.search(each)]
    return f"A router or recorder updates it ({found[0]})." if found else ""


def _attacked(facts: Facts) -> str:
    kinds = [each for each in facts.kinds if each.startswith(_OF_DEVICES)]
    return f"{count(len(kinds), 'kind').capitalize()} of report that devices cause: {listed(kinds)}." if kinds else ""


def _planted(facts: Facts) -> str:
    planted = [each for each in facts.paths if _PLANTED.search(each)]
    return f"What is reported lies deep in a site ({planted[0]})." if planted else ""


def _said_so(facts: Facts) -> str:
    hits = [each.feed for each in facts.feed_hits if each.is_compromised]
    return f"{listed(hits)} says that it was broken into." if hits else ""


_OF_MALICE = (_young_account, _young_name, _family, _rented, _script, _elsewhere, _throw_away, _label)
_OF_BREAK_IN = (_said_so, _old_account, _attacked, _planted)
_OF_HOUSEHOLD = (_few_names, _at_home, _device)
