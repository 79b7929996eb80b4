"""Words of plans: what is noted on an item, in English as it is stored, in the language of whoever reads it as it is shown."""

import re
from collections.abc import Iterator

from django.utils.translation import gettext, gettext_noop

LINE = gettext_noop("Line {number}.")
REPEATS = gettext_noop("It repeats line {number}.")
SAME = gettext_noop("It means the same hostname as line {number}.")
NOT_OURS = gettext_noop("It lies under no domain of this platform.")
BELOW = gettext_noop("It lies below {name}.")
# Of the readers of letters (abuse.intake), which know no language.
_OF_READERS = (
    gettext_noop("This is an address: give the names of the hosts instead."),
    gettext_noop("“{said}” is a mail address, and names no host."),
    gettext_noop("“{said}” names no host, address or URL."),
)


def shown(note: str) -> str:
    """The note of an item in the language that is active, as far as its sentences are known."""
    return " ".join(_translated(note))


def _translated(note: str) -> Iterator[str]:
    while note:
        for sentence, form in _FORMS:
            if match := form.match(note):
                yield gettext(sentence).format(**match.groupdict())
                note = note[match.end() :]
                break
        else:
            yield note
            return


def _form(sentence: str) -> re.Pattern[str]:
    """What stands in the place of a name is a line at most, and none of these sentences twice."""
    parts = re.split(r"\{(\w+)\}", sentence)
    escaped = [re.escape(part) if at % 2 == 0 else f"(?P<{part}>.{{1,300}}?)" for at, part in enumerate(parts)]
    return re.compile("".join(escaped) + r"(?: |$)")


_FORMS = [(each, _form(each)) for each in (LINE, REPEATS, SAME, NOT_OURS, BELOW, *_OF_READERS)]
