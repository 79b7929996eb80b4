"""Effect papers: an effect report as CSV and as PDF, made of its body whenever somebody asks; never stored."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from abuse import contact, effect_pages, effect_words
from abuse.effect_pages import COLUMNS, MARGIN, SMALL, WIDTH, Paper, Row, is_shown, shown, wrapped
from abuse.forms import wordings
from abuse.models import EffectReport
from dnsupdate.names import to_unicode

_COLUMNS = ("position", "name", "text", "outcome", "done", "target", "why", "decided_at", "undone_at", "out_of_dns_at")
# What a spreadsheet takes for a formula at the beginning of a cell (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(report: EffectReport) -> str:
    """RFC 4180, a line for each line of the order; of each server its serial, when it answered, what, and whether as decided.

    A cell that a spreadsheet would take for a formula begins with an apostrophe. To be encoded as UTF-8.
    """
    body = json.loads(report.body)
    servers = [server["name"] for server in body["servers"]]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    per_server = [f"{name} {field}" for name in servers for field in body["answer_fields"][1:]]
    writer.writerow([_safe(cell) for cell in (*_COLUMNS, "in_dns_at", "owner_names", *per_server)])
    writer.writerows(_row(item, body, len(servers)) for item in body["items"])
    return out.getvalue()


def _row(item: dict[str, Any], body: dict[str, Any], server_count: int) -> list[str]:
    cells = {**item, "target": body["targets"][item["target"]]["name"] if "target" in item else ""}
    known = [_safe(cells.get(column)) for column in (*_COLUMNS, "in_dns_at", "owner_names")]
    answers = {answer[0]: answer[1:] for answer in item.get("answers", [])}
    empty = [None] * (len(body["answer_fields"]) - 1)
    return known + [_safe(cell) for number in range(server_count) for cell in answers.get(number, empty)]


def _safe(cell: Any) -> str:
    if cell is None or cell == "":
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_pdf(report: EffectReport) -> bytes:
    """A letter with what was done and how to check it, then every line of the order; in the language that is active.

    Text that cannot be printed stands as in JSON (\\u05d0). Some seconds for tens of thousands of lines.
    """
    body = json.loads(report.body)
    words: dict[str, Any] = {
        "title": _("Effect report {number}").format(number=report.pk),
        "subject": f"{body['order']['agency']}: {body['order']['reference']}",
        "footer": _("Effect report {number} · SHA-256 {sha256}").format(number=report.pk, sha256=report.sha256),
    }
    # Twice, since the first page says already how many there are.
    trial = Paper(**words)
    _letter(trial, report, body)
    pages = list(effect_pages.paginated(_rows(body)))
    paper = Paper(**words, total=trial.page_count + len(pages))
    _letter(paper, report, body)
    heads = (_("Line"), _("Name"), _("What was done"), _("Decided (UTC)"), _("Out of DNS (UTC)"))
    paper.table(heads, pages)
    return paper.octets()


def _letter(paper: Paper, report: EffectReport, body: dict[str, Any]) -> None:
    counts = body["counts"]
    paper.heading(settings.SITE_NAME, size=16)
    paper.heading(_("Effect report"))
    paper.facts(_facts(report, body))
    paper.heading(_("Lines of the order"))
    paper.facts(
        [(str(count), words) for words, count in effect_words.counts(counts["outcomes"], effect_words.OUTCOMES)]
    )
    paper.facts([(str(counts["lines"]), _("all lines"))])
    paper.heading(_("What was done"))
    paper.facts([(str(count), words) for words, count in effect_words.counts(counts["done"], effect_words.DONE)])
    paper.heading(_("What every authoritative nameserver answered"))
    paper.facts(
        [(server["name"], _server(server)) for server in body["servers"]] or [("", _("Nothing changed in DNS."))]
    )
    paper.heading(_("How to verify this report"))
    paper.paragraph(
        _(
            "This paper is made of the report's text (JSON), of which the SHA-256 below was signed with Ed25519 (RFC 8032). "
            "Take the text from where you got this paper, and compare: at {address}, or without us as docs/receipts.md tells."
        ).format(address=contact.at("abuse_verify"))
    )
    paper.facts(
        [
            (_("Number of the receipt"), str(report.receipt_id)),
            (_("Shown at"), contact.at("abuse_receipt", report.receipt_id)),
            (_("SHA-256 of the text"), report.sha256),
            (_("Signing key"), report.receipt.key_id),
            (_("Published keys"), contact.at("abuse_signing_keys")),
        ]
    )
    paper.heading(_("Serials of the zones"))
    paper.facts([(zone["name"], _serials(zone, body["servers"])) for zone in body["zones"]])


def _facts(report: EffectReport, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    order = body["order"]
    yield _("Agency"), order["agency"]
    yield _("Reference"), order["reference"]
    yield _("Kind of order"), str(effect_words.KINDS.get(order["kind"], order["kind"]))
    yield _("Filed"), f"{_time(order['filed_at'])} UTC"
    yield _("Number of the order"), order["id"]
    for file in order["files"]:
        yield _("SHA-256 of the list") if file["role"] == "names" else _("SHA-256 of the order"), file["sha256"]
    yield _("Effect of"), str(wordings.EFFECT_OF[body["of"]])
    yield _("Decided by"), _decided_by(order["decided_by"])
    for words, field in ((_("Decided"), "decided_at"), (_("Carried out"), "acted_at"), (_("Undone"), "undone_at")):
        if order[field]:
            yield words, f"{_time(order[field])} UTC"
    yield _("Report made"), f"{_time(body['made_at'])} UTC"


def _decided_by(who: str) -> str:
    return _("two members of staff") if who == "two members of staff" else _("a member of staff")


def _server(server: dict[str, Any]) -> str:
    asked, decided = server["names_asked"], server["names_as_decided"]
    if asked == decided:
        return _("as decided for all {count} names").format(count=asked)
    return _("as decided for {decided} of {count} names; it lags or gave no answer for {lagging}").format(
        decided=decided, count=asked, lagging=asked - decided
    )


def _serials(zone: dict[str, Any], servers: Sequence[dict[str, Any]]) -> str:
    return "; ".join(
        _("{server}: {before} before, {after} after").format(
            server=servers[each["server"]]["name"], before=each["before"] or "?", after=each["after"] or "?"
        )
        for each in zone["serials"]
    )


def _rows(body: dict[str, Any]) -> Iterator[Row]:
    done = {key: shown(str(words)).partition(":")[0] for key, words in effect_words.DONE.items()}
    outcomes = {key: shown(str(words)).partition(":")[0] for key, words in effect_words.OUTCOMES.items()}
    servers = [shown(server["name"]) for server in body["servers"]]
    lagging = _("not as decided")
    name_width, done_width = COLUMNS[2] - COLUMNS[1] - 6, COLUMNS[3] - COLUMNS[2] - 6
    for item in body["items"]:
        name, *rest = _fitting(_named(item), name_width) or [""]
        act, *more = _fitting(f"{outcomes[item['outcome']]}, {done[item['done']]}", done_width)
        answers = "; ".join(
            f"{servers[server]}: {answer} {_time(at)} ({serial})" + ("" if is_decided else f", {lagging}")
            for server, serial, at, answer, is_decided in item.get("answers", ())
        )
        below = [*rest, *_below(" ".join(more)), *_below(shown(item.get("why", ""))), *_below(answers)]
        decided = _time(item.get("undone_at") or item.get("decided_at"))
        out = _time(item.get("out_of_dns_at") or item.get("in_dns_at"))
        yield Row((str(item["position"]), name, act, decided, out), below)


def _named(item: dict[str, Any]) -> str:
    """The name, in letters too where it has others than those of DNS; what was written, where it names no host."""
    name = item.get("name") or item.get("text", "")
    written = to_unicode(name) if "xn--" in name else name
    return f"{name} ({written})" if written != name and is_shown(written) else shown(name)


def _fitting(text: str, width: float) -> list[str]:
    # Half as wide as high is more than letters have on the average: most names need no measuring.
    return [text] if len(text) * SMALL * 0.6 < width else wrapped(text, width, size=SMALL)


def _below(text: str) -> list[str]:
    return _fitting(text, WIDTH - MARGIN - COLUMNS[1]) if text else []


def _time(at: str | None) -> str:
    """To the second."""
    return at[:19].replace("T", " ") if at else ""
