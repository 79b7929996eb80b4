"""dyndns1: Dyn's first form, answered by a page that clients look for two lines in. Its requests are read like dyndns2's."""

from ddns.protocols import dyndns2
from ddns.protocols.answers import HTML, Answer
from ddns.protocols.dyndns2 import credentials, names

__all__ = ["NAME", "PATHS", "bad_agent", "challenge", "credentials", "names", "outage", "page"]

NAME = "dyndns1"
# The services were dynamic and static DNS; here they are the same.
PATHS = ("/nic/dyndns", "/nic/statdns")

_PAGE = """<HTML><HEAD><TITLE>{title}</TITLE></HEAD><BODY><PRE>
return code: {code}
error code: {code}
</PRE></BODY></HTML>
"""
_DONE = {"good": "Update Complete", "nochg": "No Change"}


def page(answer: Answer) -> Answer:
    """dyndns2's answer as a page about its first line: such a request is about one hostname."""
    code = answer.body.decode().split(maxsplit=1)[0]
    title = _DONE.get(code)
    text = _PAGE.format(title=title or f"Update Refused: {code}", code="NOERROR" if title else code.upper())
    return answer._replace(body=text.encode(), content_type=HTML)


def challenge() -> Answer:
    return page(dyndns2.challenge())


def bad_agent() -> Answer:
    return page(dyndns2.bad_agent())


def outage() -> Answer:
    return page(dyndns2.outage())
