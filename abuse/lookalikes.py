"""Lookalikes: labels that imitate a brand, pretend to be another domain, or are called what tools are called.

Reasons to look, never proof: over 25,000 names of malware about one in eight shows any of this, and how many honest names do
is not known (docs/decisions/0024-policy.md).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

from confusable_homoglyphs import confusables

from abuse.facts import Likeness
from dnsupdate.names import to_unicode

# Words that lures put beside a brand (COMAR's features; phishing kits).
LURES = frozenset(
    """account accounts alert auth bank billing cloud confirm customer delivery help helpdesk id info invoice
    live login logon mail my office online paket parcel pay payment portal postal recover recovery refund reset
    safe secure security service services shop signin sso support track tracking unlock update updates user
    validate verification verify wallet web webmail""".split()
)
# At the edge of a label they make the name look like a domain of its own: paypal.com-verify.example.net.
_CLOAKS = re.compile(
    r"^(?:com|net|org|gov|edu|co|www|uk|us|de|fr|eu|info)-|-(?:com|net|org|gov|edu|co|uk|us|eu)(?:-|$)"
)
_TOOLS = re.compile(
    r"njrat|asyncrat|darkcomet|nanocore|remcos|quasarrat|netwire|keylog|stealer|botnet|hack"
    r"|(?:^|[-0-9])(?:rat|rats|spy|c2|cnc|ddos|dropper|trojan|malware|exploit|payload|backdoor|ransom)(?:[-0-9]|$)"
)
# Digits as the letters that they stand for. One may be two letters: 1 is i or l.
_LEET: Mapping[str, str] = {"0": "o", "1": "il", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g"}
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
# Folding may give several spellings; a label of ones only must not give thousands.
_MOST_FORMS = 32
# A shorter brand one letter off is another word: visa, vista.
_LEAST_FOR_TYPO = 6
# The most usual pairs of letters in English and its neighbours: half of what people write.
_BIGRAMS = frozenset(
    """th he in er an re nd at on nt ha es st en ed to it ou ea hi is or ti as te et ng of al de se le sa si ar ve ra ld ur
    ch ic ma el la ne co me io ro li ce om be ec ho ta mo lo na ca pe ri di us ut ll ss ee oo tr ee mi no ni il un em pa po pi
    do da ba bo so su ol am ad ac ai ie ei au ck ge""".split()
)
_LEAST_RANDOM = 10
_DIGITS = "0123456789"


def likeness(label: str, brands: Iterable[str]) -> Likeness | None:
    """The first brand that the label looks like: by its letters, by digits for letters, by one letter, by a lure beside it."""
    words = tuple(sorted(brands, key=lambda each: (-len(each), each)))
    plain = _plain(label)
    forms = list(_forms(plain))
    for look in (_is_or_has, _is_typo_of):
        for form in forms:
            for brand in words:
                if how := look(form, brand, form != plain):
                    return Likeness(brand=brand, how=how if plain == to_unicode(label) else "letters of another script")
    return None


def tokens(label: str) -> tuple[str, ...]:
    """Parts that pretend to be another domain ("com-"), and words of tools ("njrat")."""
    plain = _plain(label)
    found = [match[0] for pattern in (_CLOAKS, _TOOLS) for match in pattern.finditer(plain)]
    return tuple(dict.fromkeys(found))


def looks_random(label: str) -> bool:
    """Whether hardly any pair of its letters is usual. Weak: names of models and abbreviations look so too."""
    letters = [each for each in re.split("[^a-z]+", _plain(label)) if len(each) > 1]
    pairs = [first + second for each in letters for first, second in pairwise(each)]
    if len(label) < _LEAST_RANDOM or len(pairs) < _LEAST_RANDOM // 2:
        return False
    return sum(pair in _BIGRAMS for pair in pairs) < len(pairs) * 0.2


@lru_cache(maxsize=4096)
def _plain(label: str) -> str:
    """In the ASCII letters that a reader takes its letters for (UTS 39 skeletons, accents dropped)."""
    shown = "".join(_ascii_like().get(each, each) for each in to_unicode(label).lower())
    decomposed = unicodedata.normalize("NFKD", shown)
    return "".join(each for each in decomposed if not unicodedata.combining(each))


@cache
def _ascii_like() -> dict[str, str]:
    """Characters beyond ASCII that look like letters or digits of ASCII."""
    found: dict[str, str] = {}
    for character, others in confusables.confusables_data.items():
        if character.isascii() or len(character) != 1:
            continue
        plain = next((each["c"].lower() for each in others if each["c"].isascii() and each["c"].isalnum()), None)
        if plain is not None:
            found[character] = plain
    return found


def _forms(plain: str) -> Iterator[str]:
    """The label, and with digits read as letters and pairs read as one letter; itself first."""
    forms = [plain]
    for digit, letters in _LEET.items():
        forms += [form.replace(digit, letter) for form in forms for letter in letters if digit in form][:_MOST_FORMS]
    for pair, letter in _PAIRS:
        forms += [form.replace(pair, letter) for form in forms if pair in form][:_MOST_FORMS]
    return iter(dict.fromkeys(forms[: 4 * _MOST_FORMS]))


class _Form(NamedTuple):
    """A spelling taken apart, once for all brands."""

    parts: tuple[str, ...]
    whole: str
    has_lure: bool
    words: frozenset[str]


@lru_cache(maxsize=4096)
def _apart(form: str) -> _Form:
    parts = tuple(each for each in form.split("-") if each)
    joined = "".join(parts)
    has_lure = any(each.rstrip(_DIGITS) in LURES for each in parts)
    return _Form(parts, joined.rstrip(_DIGITS), has_lure, frozenset({joined, *parts} - LURES))


def _is_or_has(form: str, brand: str, is_folded: bool) -> str:
    parts, whole, has_lure, _ = _apart(form)
    if whole == brand or (brand in parts and (has_lure or is_folded)):
        return _words(is_folded, has_lure)
    rest = whole.removeprefix(brand) if whole.startswith(brand) else whole.removesuffix(brand)
    return _words(is_folded, True) if rest != whole and rest.rstrip(_DIGITS) in LURES else ""


def _is_typo_of(form: str, brand: str, is_folded: bool) -> str:
    if len(brand) < _LEAST_FOR_TYPO:
        return ""
    return "one letter off" if any(_is_one_off(each, brand) for each in _apart(form).words) else ""


def _words(is_folded: bool, has_lure: bool) -> str:
    if is_folded:
        return "digits or pairs in the place of letters"
    return "a lure beside it" if has_lure else "the brand itself"


def _is_one_off(word: str, brand: str) -> bool:
    """Whether one letter was put in, left out, replaced, or two neighbours changed places."""
    if word == brand or abs(len(word) - len(brand)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(word, brand, strict=False)) if a != b), min(len(word), len(brand)))
    a, b = word[start:], brand[start:]
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[:2] == b[:2][::-1] and a[2:] == b[2:])
