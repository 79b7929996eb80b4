"""Templates: words with placeholders, changed at the desk, else as they are built in. Nothing in them is executed.

A placeholder is {name}. A line whose placeholders are all empty is left out, so that a template needs no conditions.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from abuse import ledger, wordings
from abuse.errors import NotAllowed, TemplateUnknown, TemplateWrong
from abuse.models import Template
from abuse.wordings import Words
from ddns.models import User

logger = logging.getLogger(__name__)

MAX_SUBJECT = 200
MAX_TEXT = 10_000
# Of one value: who writes a book into a report does not fill our mails with it.
MAX_VALUE = 5_000
# What every template may say, whatever it is for.
ALWAYS = frozenset({"site", "site_url", "contact", "rules_url", "appeal_days", "dispute_body"})

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]{0,29})\}")
_BRACE = re.compile(r"[{}]")
# Line breaks end a header field; the others hide or turn what follows (Unicode TR36).
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def render(key: str, language: str, **values: Any) -> Words:
    """(subject, text) in this language, else in English. A value that is not given is empty; one query.

    Raises TemplateUnknown.
    """
    language = wordings.spoken(language)
    return fill(find(key, language), {**always(language), **values})


def find(key: str, language: str) -> Words:
    """The row if there is one that can be used, else what is built in. Raises TemplateUnknown."""
    return find_all([key], language)[key]


def find_all(keys: Iterable[str], language: str) -> dict[str, Words]:
    """Many in one query. Raises TemplateUnknown."""
    found = {key: _built_in(key, language) for key in keys}
    for row in Template.objects.filter(key__in=found, language=language):
        words = Words(row.subject, row.text)
        try:
            check(row.key, words)
        except TemplateWrong as error:
            # An upgrade took a placeholder away: a statement in our words is better than none.
            logger.error("The built-in words are used for %s (%s): %s", row.key, language, error)
        else:
            found[row.key] = words
    return found


def fill(words: Words, values: Mapping[str, Any]) -> Words:
    """Once: what looks like a placeholder in a value stays what it is. The subject is one line of what can be seen."""
    clean = {name: _clean(value) for name, value in values.items()}
    subject = " ".join(_INVISIBLE.sub(" ", _filled(words.subject, clean)).split())[:300]
    lines = [_filled(line, clean) for line in words.text.split("\n") if not _is_empty(line, clean)]
    return Words(subject, re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip())


def placeholders(key: str) -> frozenset[str]:
    """That a template of this key may use: those of its built-in words, in any language, and ALWAYS."""
    found = set(ALWAYS)
    for language, _ in settings.LANGUAGES:
        if (words := wordings.built_in(language).get(key)) is not None:
            found |= set(_PLACEHOLDER.findall("\n".join(words)))
    return frozenset(found)


def check(key: str, words: Words) -> None:
    """Raises TemplateWrong with what is wrong and what would be right."""
    if not words.subject.strip() or not words.text.strip():
        raise TemplateWrong("it needs a subject and a text.")
    if len(words.subject) > MAX_SUBJECT or len(words.text) > MAX_TEXT:
        raise TemplateWrong(f"the most is {MAX_SUBJECT} characters of subject and {MAX_TEXT} of text.")
    if _INVISIBLE.search(words.subject) or "\n" in words.subject:
        raise TemplateWrong("the subject is one line without control characters.")
    whole = "\n".join(words)
    known = placeholders(key)
    if unknown := sorted(set(_PLACEHOLDER.findall(whole)) - known):
        allowed = ", ".join(f"{{{name}}}" for name in sorted(known))
        raise TemplateWrong(f"{{{unknown[0]}}} is not known here. Known are: {allowed}.")
    if brace := _BRACE.search(_PLACEHOLDER.sub("", whole)):
        raise TemplateWrong(f"a brace stands alone ({brace.group()}). Placeholders are written {{name}}.")


@transaction.atomic
def change(key: str, language: str, *, subject: str, text: str, by: User) -> Template:
    """Stores words of one's own; the ledger has what was before and after. Raises NotAllowed, TemplateUnknown, TemplateWrong."""
    _require(by)
    before = _built_in(key, language)
    words = Words(subject.strip(), text.replace("\r\n", "\n").strip())
    check(key, words)
    row = Template.objects.select_for_update().filter(key=key, language=language).first()
    if row is not None:
        before = Words(row.subject, row.text)
    row, _ = Template.objects.update_or_create(
        key=key, language=language, defaults={"subject": words.subject, "text": words.text, "changed_by": by}
    )
    _enter("change-template", key, language, before, words, by)
    return row


@transaction.atomic
def restore(key: str, language: str, *, by: User) -> Words:
    """Back to the built-in words; those of one's own stay in the ledger. Raises NotAllowed and TemplateUnknown."""
    _require(by)
    built_in = _built_in(key, language)
    row = Template.objects.select_for_update().filter(key=key, language=language).first()
    if row is not None:
        _enter("restore-template", key, language, Words(row.subject, row.text), built_in, by)
        row.delete()
    return built_in


def _built_in(key: str, language: str) -> Words:
    for each in (language, settings.LANGUAGE_CODE):
        if (words := wordings.built_in(each).get(key)) is not None:
            return words
    raise TemplateUnknown(f"{key}.")


def always(language: str) -> dict[str, Any]:
    """The values that every template may have."""
    return {
        "site": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "contact": settings.ABUSE_CONTACT,
        "rules_url": settings.SITE_URL + reverse("rules"),
        "appeal_days": settings.APPEAL_WINDOW.days,
        "dispute_body": settings.DISPUTE_BODY or _built_in("phrase.dispute_body", language).text,
    }


def _clean(value: Any) -> str:
    text = "" if value is None else str(value)
    return _INVISIBLE.sub("", text.replace("\r\n", "\n"))[:MAX_VALUE]


def _filled(line: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values.get(match.group(1), ""), line)


def _is_empty(line: str, values: Mapping[str, str]) -> bool:
    names = _PLACEHOLDER.findall(line)
    return bool(names) and not any(values.get(name, "").strip() for name in names)


def _require(by: User) -> None:
    if not by.has_perm("abuse.change_settings"):
        raise NotAllowed("it needs the permission to change settings.")


def _enter(action: str, key: str, language: str, before: Words, after: Words, by: User) -> None:
    ledger.append(
        actor=by,
        action=action,
        object=f"template {key} ({language})",
        reason="Words changed at the desk.",
        details={"before": before._asdict(), "after": after._asdict()},
    )
