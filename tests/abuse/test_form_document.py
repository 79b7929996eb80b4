"""The form's document: what is written is read again, and whatever else claims to be one does no harm."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abuse import intake
from abuse.errors import Unreadable
from abuse.intake.form import FORMAT, MAX_NAMES, File, FormReport, write

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda each: st.lists(each, max_size=4) | st.dictionaries(st.text(max_size=10), each, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(
    "format kind names seen_at description language reporter on_behalf_of is_anonymous is_good_faith details evidence".split()
)


def read(document: dict) -> object:
    return intake.parse(json.dumps({"format": FORMAT, "kind": "content/phishing", "names": [], **document}).encode())


@given(
    names=st.lists(st.text(max_size=60), max_size=5),
    description=st.text(max_size=200),
    name=st.text(max_size=50),
    content=st.binary(max_size=100),
)
def test_whatever_is_typed_is_read_again(names, description, name, content):
    report = FormReport(
        kind="content/malware",
        names=["home.ddns.test", *names],
        description=description,
        name=name,
        seen_at=datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        is_good_faith=True,
        files=[File("log.txt", "text/plain", content)],
    )
    (draft,) = intake.parse(write(report)).drafts

    assert draft.subjects[0].name == "home.ddns.test"
    assert draft.evidence_at == datetime(2026, 3, 1, 6, 30, tzinfo=UTC)
    assert draft.attachments[0].content == content
    assert draft.attachments[0].problem == ""
    assert draft.is_good_faith


@given(document=st.dictionaries(KEYS, ANY_JSON))
def test_any_json_under_its_keys_is_read_or_refused(document):
    try:
        parsed = read(document)
    except Unreadable:
        return
    assert len(parsed.drafts) == 1


@pytest.mark.parametrize("names", [None, "home.ddns.test", {}, 7])
def test_document_without_a_list_of_names_is_refused(names):
    with pytest.raises(Unreadable, match="no list of names"):
        read({"names": names})


def test_lines_beyond_the_most_are_counted_and_not_read():
    parsed = read({"names": [f"n{n}.ddns.test" for n in range(10_000)]})

    assert len(parsed.drafts[0].subjects) == MAX_NAMES
    assert parsed.passed_over == 10_000 - MAX_NAMES
    assert any("were not read" in each for each in parsed.drafts[0].warnings)


def test_line_that_names_nothing_is_a_warning():
    parsed = read({"names": ["home.ddns.test", "what is this?", "home.ddns.test", 7]})

    assert [each.name for each in parsed.drafts[0].subjects] == ["home.ddns.test"]
    assert len(parsed.drafts[0].warnings) == 2


@pytest.mark.parametrize(
    ("evidence", "problem"),
    [
        ({"content": "!"}, "not base64"),
        ({}, "no payload"),
        ({"content": base64.b64encode(b"x").decode(), "sha256": "0" * 64}, "not 0000"),
        ({"content": base64.b64encode(b"x").decode(), "size": 5}, "not 5 as claimed"),
    ],
)
def test_evidence_that_is_not_what_it_claims_is_kept_and_said(evidence, problem):
    (attachment,) = read({"names": ["home.ddns.test"], "evidence": [evidence]}).drafts[0].attachments
    assert problem in attachment.problem


def test_pictures_are_left_out_where_nobody_may_hold_them():
    """Nobody can upload one by the form; a document of a program's making is kept to the same."""
    picture = {"content": base64.b64encode(b"\xff\xd8\xff").decode(), "content_type": "image/jpeg"}
    (draft,) = read({"kind": "content/csam", "names": ["home.ddns.test"], "evidence": [picture]}).drafts
    assert draft.attachments == ()
