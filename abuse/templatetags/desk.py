"""How the desk shows what strangers wrote: nothing in it can be clicked, or copied into a browser by mistake."""

import re

from django import template

register = template.Library()

_SCHEME = re.compile(r"\bh(tt|xx)p(s?)\s*:", re.IGNORECASE)
_HOST = re.compile(r"(?<![\w.])(?:[\w-]{1,63}\.)+(?:[a-z][\w-]{1,62}|\d{1,3})(?![\w-])", re.IGNORECASE)


@register.filter
def defang(text: object) -> str:
    """hxxp instead of http, and [.] in names and addresses. The result is text, to be escaped like any other."""
    plain = _SCHEME.sub(lambda found: f"hxxp{found[2].lower()}:", str(text or ""))
    return _HOST.sub(lambda found: found[0].replace(".", "[.]"), plain)
