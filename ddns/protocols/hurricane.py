"""Hurricane Electric's TXT values in dyndns2's requests: certificate challenges at dyn.dns.he.net, posted without a user name."""

from ddns.address_updates import Changed, Outcome, Unchanged
from ddns.protocols import dyndns2
from ddns.protocols.answers import Answer
from ddns.protocols.parameters import Parameters, last

# lego withdraws by setting this.
NOTHING = "."


def text_value(sent: Parameters) -> str | None:
    """The value that is to be answered, where a request is about one and not about an address."""
    is_meant = "txt" in sent and not dyndns2.ADDRESS_PARAMETERS & sent.keys()
    return last(sent, "txt").strip() if is_meant else None


def render(outcome: Outcome, value: str) -> Answer:
    match outcome:
        case Changed():
            return dyndns2.text("good\n")
        case Unchanged():
            return dyndns2.text(f'nochg "{value}"\n')
    return dyndns2.text(f"{dyndns2.code(outcome)}\n")
