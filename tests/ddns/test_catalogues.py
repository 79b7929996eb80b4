"""Catalogues: everything that customers read can be said in every language, and what is compiled is what was written."""

import ast
import gettext
import inspect
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation.template import templatize

from ddns import errors
from tests.catalogues import Message, read

ROOT = Path(__file__).resolve().parents[2]
# Those that customers and reporters see.
TEMPLATES = (ROOT / "ddns" / "templates", ROOT / "abuse" / "templates" / "abuse")
FUNCTIONS = {"_", "gettext", "gettext_lazy", "ngettext", "npgettext", "pgettext"}
HINT = "run deploy/messages and translate what is new (docs/translating.md)"
# What stands for a value, and markup: both must survive.
PLACEHOLDERS = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}|</?\w+[^>]*>")
TRANSLATED = [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def catalogue(language: str) -> Path:
    return ROOT / "ddns" / "locale" / language / "LC_MESSAGES" / "django.po"


@pytest.fixture(params=TRANSLATED)
def messages(request) -> list[Message]:
    return [message for message in read(catalogue(request.param)) if message.fields["msgid"]]


def test_every_message_is_translated_and_none_is_guessed(messages):
    assert [each.fields["msgid"] for each in messages if "fuzzy" in each.flags or not all(each.translations)] == []


def test_placeholders_and_markup_survive(messages):
    """A plural's singular may do without its number, as its original does."""
    for message in messages:
        wanted = [Counter(PLACEHOLDERS.findall(text)) for text in message.originals]
        for text in message.translations:
            assert Counter(PLACEHOLDERS.findall(text)) in wanted, text


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_compiled_is_what_was_written(language):
    with catalogue(language).with_suffix(".mo").open("rb") as compiled:
        found = gettext.GNUTranslations(compiled)._catalog  # type: ignore[attr-defined]
    written: dict[str | tuple[str, int], str] = {}
    for message in read(catalogue(language)):
        context = message.fields["msgctxt"] + "\x04" if "msgctxt" in message.fields else ""
        msgid = context + message.fields["msgid"]
        is_plural = "msgid_plural" in message.fields
        written |= {(msgid, n) if is_plural else msgid: text for n, text in enumerate(message.translations)}
    del found[""], written[""]

    assert found == written, HINT


def test_catalogues_have_what_the_code_says(messages):
    known = {text for message in messages for text in message.originals}
    said = {text for path in sources() for text in marked(path.read_text())}

    assert said
    assert said - known == set(), HINT


def test_catalogues_have_what_the_templates_say(messages):
    known = {text for message in messages for text in message.originals}
    said = {text for path in templates() for text in marked(plain_code(path))}

    assert said
    assert said - known == set(), HINT


def test_catalogues_have_what_errors_say(messages):
    known = {message.fields["msgid"] for message in messages}
    said = {each.__doc__.strip() for _name, each in inspect.getmembers(errors, inspect.isclass) if each.__doc__}

    assert said - known == set(), HINT


def test_details_of_errors_can_be_translated():
    """Where a customer's error is raised, no words stand outside gettext. Of dnsupdate: what reads what they type."""
    raised = [
        f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)}"
        for path in sources()
        if path.parts[-2] != "dnsupdate" or path.name in ("names.py", "rrsets.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in SPOKEN_ERRORS
        and any(map(has_words, node.args))
    ]

    assert raised == []


@pytest.mark.parametrize(
    "path",
    sorted(path for each in TEMPLATES for path in each.rglob("*.*")),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_templates_say_nothing_that_cannot_be_translated(path):
    """What is written for a device, in setup/*.txt, is in its language."""
    if path.parent.name == "setup" and path.suffix == ".txt":
        return
    assert spoken(path.read_text()) <= NAMES


# Of dnsupdate, whose errors are for operators, those that a customer can cause.
SPOKEN_ERRORS = {name for name, _class in inspect.getmembers(errors, inspect.isclass)} | {"InvalidName", "InvalidRRset"}
# What is called the same everywhere: standards, programs, and the widths of a page.
NAMES = {"API", "CSV", "DNS", "FRITZ", "Box", "IPv", "OpenWrt", "REST", "TTL", "UTC", "ddclient", "form", "narrow"}
# In the order in which they are cut out: what is marked, what is shown as it is typed, what is no text.
_SILENT = [
    re.compile(r"\{% (blocktranslate|comment)\b.*?\{% end\1 %\}", re.DOTALL),
    re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL),
    re.compile(r"<(code|pre|script)\b.*?</\1>", re.DOTALL),
]
_SPOKEN_ATTRIBUTES = re.compile(r'\b(?:alt|aria-label|data-label|placeholder|title)="([^"]*)"')


def spoken(template: str) -> set[str]:
    """Words of it that people see and no tag translates."""
    for each in _SILENT:
        template = each.sub("", template)
    text = re.sub(r"<[^>]*>", " ", template) + " ".join(_SPOKEN_ATTRIBUTES.findall(template))
    return set(re.findall(r"[A-Za-z]{2,}", text))


def sources() -> Iterator[Path]:
    """Without what is for the staff."""
    for app in ("abuse", "ddns", "dnsupdate"):
        for path in (ROOT / app).rglob("*.py"):
            if not {"admin", "management"} & set(path.relative_to(ROOT).parts):
                yield path


def has_words(argument: ast.expr) -> bool:
    if isinstance(argument, ast.JoinedStr):
        return any(map(has_words, argument.values))
    return isinstance(argument, ast.Constant) and bool(re.search(r"[a-z]{2,}", str(argument.value)))


def templates() -> Iterator[Path]:
    yield from (path for each in TEMPLATES for path in each.rglob("*") if path.suffix in (".html", ".txt"))


def plain_code(template: Path) -> str:
    """The calls of gettext that it amounts to, and nothing else of it."""
    calls = re.findall(
        r"""\b(?:gettext|ngettext|pgettext|npgettext)\((?:u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")\s*,?\s*)+(?:count)?\)""",
        templatize(template.read_text()),
    )
    return "\n".join(calls)


def marked(code: str) -> Iterator[str]:
    """The texts that are given to gettext and its kin."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
            texts = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            # The first of two is their context.
            yield from texts[1:] if node.func.id in ("pgettext", "npgettext") else texts
