"""Attachments: evidence decoded, measured and compared with what is claimed of it. Wrong claims are said, never refused."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable

from abuse.intake import limits, text
from abuse.intake.drafts import Attachment

_HASH = re.compile(r"(?:(sha-?256|sha-?512|sha-?1|md5)\s*:)?\s*([0-9a-f]+)", re.IGNORECASE)
_BY_LENGTH = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_BLANKS = re.compile(r"\s+")
# A picture in base64 is plain text to every other test.
_ENCODED_LINES = re.compile(r"(?:^[A-Za-z0-9+/=]{60,}[ \t\r]{0,2}$\n?){5}", re.MULTILINE)
_MAX_WORD_CHARACTERS = 512
_TEXTUAL = ("text/plain", "text/csv", "application/json")


class Budget:
    """What one report may still bring, in pieces and octets."""

    def __init__(self) -> None:
        self.pieces = limits.MAX_ATTACHMENTS
        self.octets = limits.MAX_ATTACHMENTS_OCTETS

    def problem(self, size: int) -> str:
        """Why a piece of that size cannot be kept; else it is counted."""
        if size > limits.MAX_ATTACHMENT_OCTETS:
            return _not_kept(f"It has {size} octets; the most for one piece is {limits.MAX_ATTACHMENT_OCTETS}")
        if size > self.octets:
            return _not_kept(f"All pieces together have more than {limits.MAX_ATTACHMENTS_OCTETS} octets")
        if self.pieces == 0:
            return _not_kept(f"There are more than {limits.MAX_ATTACHMENTS} pieces")
        self.pieces -= 1
        self.octets -= size
        return ""


def decoded(
    payload: object,
    budget: Budget,
    *,
    filename: str = "",
    content_type: str = "",
    description: str = "",
    claimed_hash: object = "",
    claimed_size: object = None,
) -> Attachment:
    """From base64, strictly (RFC 4648 §3.3; line breaks are overlooked). What is none is kept as the text it is."""
    problems: list[str] = []
    if not isinstance(payload, str):
        payload = ""
        problems.append("It has no payload.")
    # Four characters are three octets: nothing is decoded to find out that it is too big.
    if len(payload) // 4 * 3 > limits.MAX_ATTACHMENT_OCTETS + limits.MIB:
        content, refused = b"", budget.problem(len(payload) // 4 * 3)
        problems.append(refused)
    else:
        try:
            content = base64.b64decode(_BLANKS.sub("", payload), validate=True)
        except (binascii.Error, ValueError):
            content = payload.encode("utf-8", "replace")
            problems.append("Its payload is not base64: kept as the text it is.")
    return measured(
        content,
        budget,
        filename=filename,
        content_type=content_type,
        description=description,
        claimed_hash=claimed_hash,
        claimed_size=claimed_size,
        problems=problems,
    )


def measured(
    content: bytes,
    budget: Budget,
    *,
    filename: str = "",
    content_type: str = "",
    description: str = "",
    claimed_hash: object = "",
    claimed_size: object = None,
    problems: Iterable[str] = (),
) -> Attachment:
    """Compared with its claimed hash and size. Above the limits its octets are left out: they are in the submission."""
    found = [each for each in problems if each]
    algorithm, digest = _hash(claimed_hash)
    if claimed_hash and not digest:
        found.append(f"Its hash “{text.line(str(claimed_hash)[:200], 80)}” cannot be one.")
    size = claimed_size if isinstance(claimed_size, int) and not isinstance(claimed_size, bool) else None
    if not found or content:
        found += _disagreements(content, algorithm, digest, size)
    if refused := budget.problem(len(content)):
        content = b""
        found.append(refused)
    return Attachment(
        content=content,
        filename=text.line(filename),
        content_type=text.line(content_type, 200),
        description=text.line(description, 1_000),
        claimed_sha256=digest if algorithm == "sha256" else "",
        claimed_size=size if size is not None and 0 <= size < 2**63 else None,
        problem=" ".join(dict.fromkeys(found)),
    )


def without_media(attachments: Iterable[Attachment]) -> tuple[Attachment, ...]:
    """Only what is plain text to the last octet: nobody may hold the rest (of the sexual abuse of children)."""
    return tuple(each for each in attachments if _is_plain(each))


def _is_plain(attachment: Attachment) -> bool:
    if attachment.content_type.partition(";")[0].strip().lower() not in _TEXTUAL:
        return False
    if b"data:" in attachment.content or b"\x00" in attachment.content or len(attachment.content) > limits.MIB:
        return False
    try:
        said = attachment.content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return max(map(len, said.split()), default=0) < _MAX_WORD_CHARACTERS and not _ENCODED_LINES.search(said)


def _disagreements(content: bytes, algorithm: str, digest: str, size: int | None) -> Iterable[str]:
    if algorithm:
        measured_digest = hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()
        if measured_digest != digest:
            yield f"Its {algorithm} is {measured_digest}, not {digest} as claimed."
    if size is not None and size != len(content):
        yield f"It has {len(content)} octets, not {text.line(size, 30)} as claimed."


def _hash(claimed: object) -> tuple[str, str]:
    """Algorithm and digest in lower case; both empty where it is none."""
    match = _HASH.fullmatch(claimed.strip()) if isinstance(claimed, str) and len(claimed) < 200 else None
    if match is None:
        return "", ""
    algorithm = (match[1] or _BY_LENGTH.get(len(match[2]), "")).lower().replace("-", "")
    is_whole = _BY_LENGTH.get(len(match[2])) == algorithm
    return (algorithm, match[2].lower()) if is_whole else ("", "")


def _not_kept(reason: str) -> str:
    return f"{reason}: it is only in the submission as it came."
