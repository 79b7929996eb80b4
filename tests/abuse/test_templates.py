"""Templates: words that the desk may change, in which nothing can be executed, and which no value can break out of."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abuse import templates, wordings
from abuse.errors import NotAllowed, TemplateUnknown, TemplateWrong
from abuse.models import LedgerEntry, Template
from abuse.wordings import Words
from tests.people import logged_in

texts = st.text(max_size=200)


@given(st.text(max_size=100), st.text(max_size=500), st.dictionaries(st.sampled_from(["name", "text", "link"]), texts))
def test_a_subject_is_one_visible_line_whatever_is_filled_in(subject, text, values):
    filled = templates.fill(Words(subject, text), values)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", filled.subject)
    assert len(filled.subject) <= 300


@given(texts)
def test_what_looks_like_a_placeholder_in_a_value_stays_what_it_is(value):
    filled = templates.fill(Words("{name}", "a{name}b"), {"name": value + "{text}{0.__class__}", "text": "EXPANDED"})
    assert "EXPANDED" not in filled.text
    assert "{text}{0.__class__}" in filled.text


@given(st.text(max_size=300))
def test_whatever_an_operator_writes_is_refused_or_renders(text):
    words = Words("Subject", text)
    try:
        templates.check("message", words)
    except TemplateWrong:
        return
    assert "{name}" not in templates.fill(words, {"name": "home.ddns.test"}).text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Dear {customer}", "{customer} is not known here. Known are: {appeal_days}, {contact}"),
        ("{name.__class__}", "a brace stands alone"),
        ("{name!r}", "a brace stands alone"),
        ("{0}", "a brace stands alone"),
        ("{{ settings.SECRET_KEY }}", "a brace stands alone"),
        ("{% load i18n %}", "a brace stands alone"),
        ("{", "a brace stands alone"),
        ("", "it needs a subject and a text."),
        ("x" * 10_001, "the most is 200 characters of subject and 10000 of text."),
    ],
)
def test_what_is_wrong_with_a_template_is_said(text, problem):
    with pytest.raises(TemplateWrong) as error:
        templates.check("message", Words("Subject", text))
    assert problem in str(error.value)


@pytest.mark.parametrize("subject", ["a\r\nBcc: mallory@example.com", "a\u2028b", "a\x00"])
def test_a_subject_with_a_line_break_is_refused(subject):
    with pytest.raises(TemplateWrong):
        templates.check("message", Words(subject, "text"))


def test_a_line_whose_placeholders_are_all_empty_is_left_out():
    words = Words("S", "First {name}\nUntil: {until}\n{a} and {b}\nLast")
    assert templates.fill(words, {"name": "x", "until": "", "b": "y"}).text == "First x\n and y\nLast"


pytestmark_db = pytest.mark.django_db


@pytestmark_db
def test_words_of_ones_own_are_used_and_the_ledger_has_both(root):
    before = templates.find("message", "de")
    templates.change("message", "de", subject="Post zu {name}", text="{text}\n{link}", by=root)
    assert templates.render("message", "de", name="home", text="Hallo", link="L") == ("Post zu home", "Hallo\nL")
    assert templates.render("message", "en", name="home").subject == "home: a message from the abuse desk"
    entry = LedgerEntry.objects.get()
    assert (entry.action, entry.object) == ("change-template", "template message (de)")
    assert entry.details["before"]["text"] == before.text
    assert entry.details["after"]["subject"] == "Post zu {name}"

    templates.restore("message", "de", by=root)
    assert templates.find("message", "de") == before
    assert LedgerEntry.objects.first().action == "restore-template"


@pytestmark_db
def test_only_who_may_change_settings_changes_words(oscar):
    with pytest.raises(NotAllowed):
        templates.change("message", "en", subject="S", text="T", by=oscar)
    with pytest.raises(NotAllowed):
        templates.restore("message", "en", by=oscar)
    assert not LedgerEntry.objects.exists()


@pytestmark_db
def test_a_row_that_an_upgrade_has_broken_gives_way_to_the_built_in_words():
    Template.objects.create(key="message", language="en", subject="S", text="{gone}")
    assert templates.find("message", "en") == wordings.built_in("en")["message"]


@pytestmark_db
@pytest.mark.parametrize(
    ("language", "said"), [("", "en"), ("en-GB", "en"), ("de-AT", "de"), ("fr", "en"), ("../de", "en")]
)
def test_a_language_without_words_is_english(language, said):
    assert templates.render("kind.other", language) == wordings.built_in(said)["kind.other"]


@pytestmark_db
def test_an_unknown_template_is_said_so():
    with pytest.raises(TemplateUnknown):
        templates.render("nothing", "en")


@pytestmark_db
def test_many_templates_are_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        templates.find_all(wordings.built_in("en"), "de")


PAGE = "/admin/abuse/template/en/message/"


@pytestmark_db
def test_words_are_previewed_and_stored_at_the_desk(root):
    client = logged_in(root)
    assert "home.example.net" in client.get(PAGE).text
    preview = client.post(PAGE, {"subject": "To {name}", "text": "<script>{text}", "do": "preview"}).text
    assert "To home.example.net" in preview
    assert "&lt;script&gt;…" in preview
    assert not Template.objects.exists()

    assert "is not known here" in client.post(PAGE, {"subject": "S", "text": "{foo}", "do": "store"}).text
    assert client.post(PAGE, {"subject": "To {name}", "text": "{text}", "do": "store"}).status_code == 302
    assert Template.objects.get().changed_by == root
    assert "your own since" in client.get("/admin/abuse/template/").text
    assert client.post(PAGE, {"do": "restore"}).status_code == 302
    assert not Template.objects.exists()


@pytestmark_db
def test_an_analyst_changes_no_words_at_the_desk(oscar, alice):
    for user in (oscar, alice):
        client = logged_in(user)
        assert client.post(PAGE, {"subject": "S", "text": "T", "do": "store"}).status_code in (302, 403)
        assert not Template.objects.exists()


@pytestmark_db
def test_the_list_of_templates_needs_few_queries(root, django_assert_max_num_queries):
    client = logged_in(root)
    client.get("/admin/abuse/template/")
    with django_assert_max_num_queries(8):
        client.get("/admin/abuse/template/")
