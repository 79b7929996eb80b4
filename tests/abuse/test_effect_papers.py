"""Papers of an effect report: CSV that no spreadsheet takes for formulas, and a PDF with nothing active in it."""

import base64
import csv
import io
import re
import zlib

import pytest
from django.utils import timezone, translation

from abuse import effect_pages, effect_papers, effects
from abuse.models import EffectReport, Order, OrderItem
from tests.abuse import effect_rows, order_rows

pytestmark = pytest.mark.django_db

STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
# What is drawn in a subset of the font that keeps ASCII as it is.
DRAWN = re.compile(rb"\((.*?)(?<!\\)\) Tj")


@pytest.fixture
def order(home, alice) -> Order:
    return order_rows.planned([home])


def line(order: Order, position: int, **fields) -> None:
    values = {"text": fields.get("name", ""), "outcome": "not_ours", **fields}
    OrderItem.objects.create(order=order, position=position, **values)


def reported(order: Order, by) -> EffectReport:
    """Before any server was asked."""
    effect_rows.carry_out(order, by=by)
    begun = {"of": EffectReport.Of.ACT, "since": timezone.now().isoformat()}
    Order.objects.filter(pk=order.pk).update(proving=begun)
    return effects.report(order, of=EffectReport.Of.ACT)


def rows(report: EffectReport) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(effect_papers.as_csv(report), newline="")))


def drawn(pdf: bytes) -> list[str]:
    found = []
    for stream in STREAM.findall(pdf):
        is_of_text = stream.strip().endswith(b"~>")
        text = zlib.decompress(base64.a85decode(b"<~" + stream.strip(), adobe=True) if is_of_text else stream)
        found += [each.decode("latin-1") for each in DRAWN.findall(text)]
    return found


def test_every_line_is_a_line_of_the_csv(order, home, oscar):
    line(order, 2, name="www.example.org")
    first, second = rows(reported(order, oscar))
    assert (first["position"], first["name"], first["outcome"], first["done"]) == ("1", home.name, "live", "suspended")
    assert (second["name"], second["done"]) == ("www.example.org", "nothing")
    (answer,) = [name for name in first if name.endswith(" answer")]
    assert (first[answer], second[answer]) == ("NOT ASKED", "")
    assert first[answer.replace(" answer", " is_as_decided")] == "no"


def test_csv_is_of_rfc_4180(order, oscar):
    line(order, 2, text='a "quoted",\nline', note="It names no host.", outcome="invalid")
    report = reported(order, oscar)
    text = effect_papers.as_csv(report)
    assert text.endswith("\r\n")
    assert rows(report)[1]["text"] == 'a "quoted",\nline'
    assert len({len(row) for row in csv.reader(io.StringIO(text, newline=""))}) == 1


def test_notes_about_customers_are_for_our_people(order, oscar):
    """Frozen by whom? By another agency's order, perhaps, which is sealed."""
    line(order, 2, text="a.ddns.test", note="It is frozen, and changes no more.", outcome="live")
    line(order, 3, text="b.ddns.test", note="Its account is deactivated.", outcome="suspended")
    report = reported(order, oscar)
    assert [row["why"] for row in rows(report)] == ["", "", ""]
    assert "frozen" not in report.body


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://192.0.2.1")'])
def test_what_a_spreadsheet_takes_for_a_formula_is_text(order, oscar, text):
    line(order, 2, text=text, outcome="invalid", note=text)
    row = rows(reported(order, oscar))[1]
    assert (row["text"], row["why"]) == (f"'{text}", f"'{text}")


def test_pdf_has_a_letter_and_every_line(order, home, oscar):
    line(order, 2, name="www.example.org")
    report = reported(order, oscar)
    pdf = effect_papers.as_pdf(report)
    said = drawn(pdf)
    assert pdf.startswith(b"%PDF-")
    for text in (
        order.agency.name,
        order.reference,
        report.sha256,
        str(report.receipt_id),
        home.name,
        "www.example.org",
    ):
        assert text in said
    assert "Page 1 of 2" in said
    assert "Page 2 of 2" in said
    assert any("not as decided" in text for text in said)


def test_pdf_has_its_fonts_and_says_what_it_is(order, oscar):
    report = reported(order, oscar)
    pdf = effect_papers.as_pdf(report)
    assert b"/FontFile2" in pdf
    assert f"Effect report {report.pk}".encode() in pdf
    assert b"(Example Police: 12 Cr 345/26)" in pdf


@pytest.mark.parametrize("active", [b"/JavaScript", b"/JS", b"/AA", b"/OpenAction", b"/URI", b"/Launch", b"/AcroForm"])
def test_pdf_does_nothing(order, oscar, active):
    line(order, 2, text="javascript:alert(1)", outcome="invalid")
    pdf = STREAM.sub(b"", effect_papers.as_pdf(reported(order, oscar)))
    assert re.search(active + rb"\b", pdf) is None


def test_pdf_speaks_the_language_that_is_active(order, oscar):
    report = reported(order, oscar)
    with translation.override("de"):
        said = drawn(effect_papers.as_pdf(report))
    assert "Seite 1 von 2" in said


def test_a_name_of_letters_is_shown_in_both_forms(order, oscar):
    line(order, 2, name="xn--strae-oqa.example")
    said = drawn(effect_papers.as_pdf(reported(order, oscar)))
    assert any(
        text.startswith("xn--strae-oqa.example") and "stra" in text[len("xn--strae-oqa.example") :] for text in said
    )


@pytest.mark.parametrize(
    ("text", "printed"),
    [("Straße", "Straße"), ("Полиция", "Полиция"), ("\u05d0", "\\u05d0"), ("市", "\\u5e02"), ("a\u202eb", "a\\u202eb")],
)
def test_what_cannot_be_printed_stands_as_in_json(text, printed):
    assert effect_pages.shown(text) == printed


def test_long_lines_stay_on_the_paper(order, oscar):
    label = "a" * 63
    line(order, 2, name=f"{label}.{label}.{label}.{'b' * 52}.example", note="w " * 150)
    said = drawn(effect_papers.as_pdf(reported(order, oscar)))
    assert not any(text.count("a") > 150 for text in said)


def test_more_lines_than_a_page_has_go_on_with_their_heads(order, oscar):
    for position in range(2, 200):
        line(order, position, name=f"n{position}.example.org")
    said = drawn(effect_papers.as_pdf(reported(order, oscar)))
    assert said.count("Name") == int(said[-1].split()[-1]) - 1 > 2
    assert "n199.example.org" in said
