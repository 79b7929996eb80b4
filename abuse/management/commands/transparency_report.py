"""manage.py transparency_report YEAR [--csv DIR]: the report of DSA Art. 15(1), on paper or as CSV (RFC 4180, UTF-8)."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from abuse import transparency


class Command(BaseCommand):
    help = (
        "Prints the transparency report of a year (DSA Art. 15(1)), or writes its tables as CSV files. Publish it within two "
        "months after the year, and keep it for five. docs/transparency.md says what is counted how."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("year", type=int)
        parser.add_argument("--csv", type=Path, metavar="DIR", help="where the files go; made where there is none")

    def handle(self, year: int, csv: Path | None, **options) -> None:
        try:
            report = transparency.of(year)
        except ValueError as error:
            raise CommandError(str(error)) from error
        if not report.is_whole:
            self.stderr.write(f"{year} is not over: this counts until {report.until.date()}, and no sealed order.")
        for table in report.tables:
            if csv is None:
                self.stdout.write(f"# {table.key}\n{table.as_csv()}\n")
            else:
                csv.mkdir(parents=True, exist_ok=True)
                (csv / f"{year}_{table.key}.csv").write_text(table.as_csv(), encoding="utf-8", newline="")
        if csv is not None:
            self.stdout.write(self.style.SUCCESS(f"{len(report.tables)} tables of {year} are in {csv}."))
