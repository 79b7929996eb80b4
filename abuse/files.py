"""Files of evidence: what they are by their octets, and the forms in which they may be shown and taken away."""

import io
import re
from enum import StrEnum

import nh3
import pyzipper

from abuse import pictures
from abuse.models import Evidence

KIB = 1024
# What a person reads on a page; the rest is in the file.
MAX_SHOWN_OCTETS = 256 * KIB
# How analysts everywhere lock what must not run by mistake.
ZIP_PASSWORD = b"infected"

_HTML = re.compile(
    rb"<\s*(!doctype\s+html|html|head|body|script|iframe|div|table|form|meta|title|a|img)\b", re.IGNORECASE
)
# Text that a double click would run.
_SCRIPT_NAMES = (
    *(
        ".js",
        ".jse",
        ".vbs",
        ".vbe",
        ".wsf",
        ".wsh",
        ".hta",
        ".bat",
        ".cmd",
        ".ps1",
        ".psm1",
        ".sh",
        ".py",
        ".pl",
        ".rb",
    ),
    *(
        ".php",
        ".reg",
        ".url",
        ".lnk",
        ".scf",
        ".inf",
        ".svg",
        ".htm",
        ".html",
        ".xhtml",
        ".mht",
        ".xml",
        ".jar",
        ".command",
    ),
)
# Structure without attributes: no link, no picture, no form, no style.
_TAGS = {
    *(
        "p",
        "br",
        "hr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "b",
        "strong",
        "i",
        "em",
    ),
    *("blockquote", "pre", "code", "table", "thead", "tbody", "tr", "td", "th", "caption", "u", "s", "sub", "sup"),
}
# How they are shown: they would turn the text around that stands beside them, or cannot be seen.
CONTROLS = {
    code: f"⟦U+{code:04X}⟧" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)
}
CONTROLS |= dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(127, 160)], "\N{REPLACEMENT CHARACTER}")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


class Kind(StrEnum):
    """By the octets. What a file calls itself is a claim."""

    PICTURE = "picture"
    HTML = "HTML"
    TEXT = "text"
    OTHER = "other"


def kind_of(content: bytes) -> Kind:
    if pictures.is_picture(content):
        return Kind.PICTURE
    head = content[: 64 * KIB]
    if _CONTROL.search(head) or not _is_utf8(head):
        return Kind.OTHER
    return Kind.HTML if _HTML.search(head) else Kind.TEXT


def is_locked_away(evidence: Evidence, content: bytes) -> bool:
    """Whether it leaves the desk in a locked archive alone: everything that could run, and everything unknown."""
    kind, name = kind_of(content), evidence.filename.strip().lower()
    is_plain = kind == Kind.PICTURE or (kind == Kind.TEXT and not content.startswith(b"#!"))
    return not is_plain or name.endswith(_SCRIPT_NAMES)


def locked(content: bytes, name: str) -> bytes:
    """An AES-encrypted zip with the one file; its password is ZIP_PASSWORD."""
    output = io.BytesIO()
    with pyzipper.AESZipFile(output, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(ZIP_PASSWORD)
        archive.writestr(name, content)
    return output.getvalue()


def text_of(content: bytes) -> tuple[str, bool]:
    """What of it is shown as text, and whether that is all. What is no UTF-8 is replaced."""
    shown = content[:MAX_SHOWN_OCTETS].decode("utf-8", "replace").translate(CONTROLS)
    return shown, len(content) <= MAX_SHOWN_OCTETS


def rendered(content: bytes) -> str:
    """HTML as text with its structure: safe markup without links, pictures, scripts, styles or attributes."""
    text, _ = text_of(content)
    safe = nh3.clean(text, tags=_TAGS, attributes={}, url_schemes=set(), link_rel=None, strip_comments=True)
    # Once more: what was written as a number is a character now.
    return safe.translate(CONTROLS)


def name_of(evidence: Evidence) -> str:
    """A name for a file on a disk: letters, digits and a little else."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", evidence.filename.rpartition("/")[2].rpartition("\\")[2])[-80:].strip("._")
    return name or f"evidence-{evidence.pk}"


def _is_utf8(head: bytes) -> bool:
    """A character that the cut went through is no fault."""
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3 and len(head) == 64 * KIB
    return True
