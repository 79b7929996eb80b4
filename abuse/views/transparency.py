"""Transparency reports for everybody: the years, one year with its tables, and each table as CSV."""

from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import number_format
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from abuse import transparency
from abuse.forms import report_words, wordings
from abuse.models import Category
from abuse.transparency import Cell, Table, Transparency
from ddns.templatetags.durations import duration

_PUBLIC = cache_control(public=True, max_age=600)


@require_safe
def years(request: HttpRequest) -> HttpResponse:
    return render(request, "abuse/transparency.html", {"years": transparency.years(timezone.now())})


@require_safe
def year(request: HttpRequest, year: int) -> HttpResponse:
    report = _report(year)
    titles = dict(Category.objects.values_list("key", "title"))
    tables = [
        {
            "key": each.key,
            "title": report_words.TITLES[each.key],
            "columns": [report_words.COLUMNS[column] for column in each.columns],
            "rows": [_shown(each, row, titles) for row in each.rows],
        }
        for each in report.tables[1:]
    ]
    return render(request, "abuse/transparency_year.html", {"report": report, "tables": tables})


@require_safe
@_PUBLIC
def table(request: HttpRequest, year: int, key: str) -> HttpResponse:
    found = _report(year).table(key)
    if found is None:
        raise Http404
    headers = {"Content-Disposition": f'attachment; filename="{year}_{key}.csv"'}
    return HttpResponse(found.as_csv(), content_type="text/csv; charset=utf-8; header=present", headers=headers)


def _report(year: int) -> Transparency:
    if year not in transparency.years(timezone.now()):
        raise Http404
    return transparency.remembered(year)


def _shown(table: Table, row: tuple[Cell, ...], titles: dict[str, str]) -> list[tuple[object, str]]:
    """Each cell with its column's name, for phones."""
    return [
        (report_words.COLUMNS[column], _in_words(column, cell, titles))
        for column, cell in zip(table.columns, row, strict=True)
    ]


def _in_words(column: str, cell: Cell, titles: dict[str, str]) -> str:
    if cell is None or cell == "":
        return "–"
    if column.endswith("_seconds"):
        return duration(timedelta(seconds=int(cell)))
    if column.endswith("_rate"):
        return f"{number_format(float(cell) * 100, 1)} %"
    if column.endswith("_count"):
        return number_format(int(cell), use_l10n=True, force_grouping=True)
    if column == "category" and cell in titles:
        return wordings.translated(titles[str(cell)])
    return str(report_words.VALUES.get(str(cell), cell))
