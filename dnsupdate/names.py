"""Owner names: the one place where they are normalised, checked and shown (RFC 1035, RFC 5891, RFC 9499)."""

import re

import idna
from django.utils.translation import gettext as _

from dnsupdate.errors import InvalidName

MAX_LABEL_OCTETS = 63
# RFC 1035 §3.1: 255 octets on the wire, which is 253 characters without the root's dot.
MAX_NAME_CHARACTERS = 253

_PLAIN = re.compile(r"(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")
_HOST_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_IDEOGRAPHIC_DOTS = str.maketrans({"\u3002": ".", "\uff0e": ".", "\uff61": "."})


def normalise(text: str) -> str:
    """The one spelling of an owner name: lower case, A-labels, no final dot. Raises InvalidName.

    Names are compared by comparing what this returns (RFC 4343; IDNA 2008 with UTS 46 mapping).
    """
    name = text.strip().lower()
    if not name.isascii():
        name = _to_ascii(name.translate(_IDEOGRAPHIC_DOTS))
    name = name.removesuffix(".")
    if len(name) > MAX_NAME_CHARACTERS:
        raise InvalidName(
            _("{text}... is longer than {count} characters.").format(text=text[:80], count=MAX_NAME_CHARACTERS)
        )
    if not _PLAIN.fullmatch(name):
        raise InvalidName(_("“{text}” is not a domain name.").format(text=text[:80]))
    if len(name) > MAX_LABEL_OCTETS and max(map(len, name.split("."))) > MAX_LABEL_OCTETS:
        raise InvalidName(
            _("A label of {text} is longer than {count} characters.").format(text=text[:80], count=MAX_LABEL_OCTETS)
        )
    return name


def normalise_host_label(text: str) -> str:
    """One label that a host may have: letters, digits, inner hyphens (RFC 1123 §2.1), or a valid IDN. Raises InvalidName."""
    label = normalise(text)
    if "." in label or not _HOST_LABEL.fullmatch(label):
        raise InvalidName(_("“{text}” must be letters, digits and inner hyphens.").format(text=text[:80]))
    if label[2:4] == "--":
        _check_a_label(label)
    return label


def to_unicode(name: str) -> str:
    """The name as people write it: U-labels where its A-labels are valid IDNA 2008, unchanged elsewhere."""
    return ".".join(_label_to_unicode(label) for label in name.split("."))


def is_within(name: str, apex: str) -> bool:
    """Whether a normalised name is the apex or below it."""
    return name == apex or name.endswith("." + apex)


def _to_ascii(name: str) -> str:
    try:
        return ".".join(
            label if label.isascii() else idna.encode(label, uts46=True).decode() for label in name.split(".")
        )
    except idna.IDNAError as error:
        raise InvalidName(
            _("“{text}” is not a valid international name: {error}.").format(text=name[:80], error=error)
        ) from error


def _check_a_label(label: str) -> None:
    """RFC 5891 §4.2.3.1: hyphens in the third and fourth place belong to A-labels, and those must decode."""
    if not label.startswith("xn--"):
        raise InvalidName(_("“{text}” has hyphens in the third and fourth place.").format(text=label))
    try:
        idna.decode(label)
    except idna.IDNAError as error:
        raise InvalidName(
            _("“{text}” is not a valid international name: {error}.").format(text=label, error=error)
        ) from error


def _label_to_unicode(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return idna.decode(label)
    except idna.IDNAError:
        return label
