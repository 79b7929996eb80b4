"""Effect papers: an effect report as CSV and as PDF, made of its body whenever somebody asks; never stored."""

import csv
import io
import json
from typing import Any

from abuse.models import EffectReport

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
