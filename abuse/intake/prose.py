"""Prose: the hosts, addresses and URLs in a letter, and its text where it is HTML."""

import html
import re
from dataclasses import replace

import nh3

from abuse.intake import limits, subjects
from abuse.intake.drafts import Subject
from abuse.refang import straighten

_WORD = re.compile(r"[^\s<>\"'`“”‘’«»|]+")
_ENDS = ".,;:!?)]}'*_>"
# “See report.pdf”: names of files are no names of hosts.
_FILES = frozenset(
    "exe dll bat cmd ps1 vbs js jse wsf hta scr msi jar apk pdf doc docx xls xlsx ppt pptx rtf txt csv log eml msg json xml"
    " yaml yml htm html php asp aspx jsp cgi png jpg jpeg gif bmp svg webp ico zip rar 7z gz tgz tar iso img lnk bin dat tmp"
    " conf cfg ini py css".split()
)
_SENTENCES = re.compile(r"[a-z]+\.[A-Z][a-z]+")
_TLD = re.compile(r"[a-z]{2,63}|xn--[a-z0-9-]{1,59}")
_SCHEMES = ("http://", "https://", "ftp://", "tcp://", "udp://", "ws://", "wss://")
_BRACKETED = re.compile(r"(?<![\w@/])\[[0-9a-fA-F:.]{3,45}\]:\d{1,5}")
_SPACED = re.compile(r"(?<![\w.@/-])([\w-]{1,63}(?:[ \t]{1,2}\.[ \t]{1,2}[\w-]{1,63}){1,8})(?![\w@])")

_KEPT = {"a", "p", "br", "div", "tr", "td", "th", "li", "h1", "h2", "h3", "pre", "blockquote"}
_LINK = re.compile(r"<a href=\"([^\"]{0,4000})\"[^>]{0,200}>")
_BREAK = re.compile(r"</?(?:p|br|div|tr|li|h1|h2|h3|pre|blockquote)>")
_TAG = re.compile(r"<[^<>]{0,5000}>")


def hosts(said: str, *, with_schemes_only: bool = False) -> tuple[Subject, ...]:
    """In order, each once and at most limits.MAX_SUBJECTS_OF_PROSE; defanged or not. Mail addresses and file names are none.

    256 KiB take 0.1 s; what is longer is not read.
    """
    said = straighten(said[: limits.MAX_PROSE_CHARACTERS], spaced_dots=False)
    said = _SPACED.sub(_joined, said)
    found: dict[tuple[str, str, str, int | None], Subject] = {}
    bare: set[str] = set()
    for match in _WORD.finditer(said):
        word = match[0]
        if len(word) < 4 or len(word) > limits.MAX_WORD_CHARACTERS or ("." not in word and ":" not in word):
            continue
        for each in _candidates(word, with_schemes_only=with_schemes_only):
            subject = subjects.find(each)
            if subject is None or (not subject.url and not is_host(each, subject)):
                continue
            host = subject.name or subject.address
            if subject.url or subject.port or host not in bare:
                role = "url" if subject.url else "domain" if subject.name else "source"
                found.setdefault(
                    (subject.name, subject.address, subject.url, subject.port), replace(subject, role=role)
                )
            bare.add(host)
        if len(found) >= limits.MAX_SUBJECTS_OF_PROSE:
            break
    return tuple(found.values())


def of_html(markup: str) -> str:
    """The text of it, with the target of each link before its words; nothing of it can act."""
    kept = nh3.clean(
        markup[: limits.MAX_PROSE_CHARACTERS],
        tags=_KEPT,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "ftp", "hxxp", "hxxps", "mailto"},
        link_rel=None,
        clean_content_tags={"script", "style", "title", "head"},
    )
    kept = _BREAK.sub("\n", _LINK.sub(r" \1 ", kept))
    said = html.unescape(_TAG.sub(" ", kept)).replace("\xa0", " ")
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]{2,}", " ", said)).strip()


def _candidates(word: str, *, with_schemes_only: bool) -> list[str]:
    """The word without what stands around it; of “host=x” and “a,b” the pieces, of a URL the whole."""
    if address := _BRACKETED.search(word):
        return [address[0]]
    word = word.lstrip("([{*_>.,;:=-").rstrip(_ENDS)
    lowered = word.lower()
    starts = [at for scheme in _SCHEMES if (at := lowered.find(scheme)) >= 0]
    if starts:
        return [word[min(starts) :]]
    if with_schemes_only or "@" in word:
        return []
    pieces = re.split(r"[=,;()\[\]{}]", word) if not word.startswith("[") and word.count(":") < 2 else [word]
    return [stripped for piece in pieces if len(stripped := piece.strip(_ENDS)) > 3]


def is_host(word: str, subject: Subject) -> bool:
    """Whether the word is a host's in prose, too, and no file's, abbreviation or end of a sentence."""
    if subject.address:
        return True
    top = subject.name[subject.name.rindex(".") + 1 :]
    return bool(_TLD.fullmatch(top)) and top not in _FILES and not _SENTENCES.fullmatch(word)


def _joined(match: re.Match[str]) -> str:
    """“home . ddns . test” is a name; “. a sentence . Another” is none."""
    labels = re.split(r"[ \t]{1,2}\.[ \t]{1,2}", match[1])
    is_name = len(labels) > 2 and all(each == each.lower() for each in labels[1:])
    return ".".join(labels) if is_name else match[0]
