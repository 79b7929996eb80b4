"""Policy to begin with: signals and their points, rules and which are on, brands that lures imitate; where names are.

Points: what the desk's own facts and the literature say a signal is worth (docs/decisions/0024-policy.md); edited at the desk.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

WEIGHTS = [
    ("feed_hit", 40, {"confidence": 0.75, "unsaid": 0.75, "days": 30}),
    ("trusted_report", 30, {"accuracy": 0.9, "decided": 20}),
    ("shared_with_suspended", 25, {}),
    ("names_on_address", 20, {"names": 5}),
    ("account_suspended_before", 20, {"days": 180}),
    ("lookalike", 20, {}),
    ("independent_reports", 15, {"voices": 3}),
    ("sign_up_burst", 15, {"accounts": 3}),
    ("young_account", 15, {"hours": 24}),
    ("many_networks", 15, {"networks": 4, "countries": 3}),
    ("foreign_target", 10, {}),
    ("sibling", 10, {}),
    ("tokens", 8, {}),
    ("disposable_mail", 8, {}),
    ("random_label", 3, {}),
    ("sunk", 0, {}),
    ("secured", -10, {}),
    ("established", -20, {"days": 365, "networks": 2}),
    ("appeal_won", -30, {}),
]

# On: those that need somebody accountable, or evidence that we verified. Off: the score, until a backtest over this desk's own
# decisions has said how often it would have been right.
RULES = [
    (
        "feed-on-young-name",
        "A feed is sure, and the name is young",
        True,
        {"confidence": 0.9, "age_days": 7, "evidence_days": 30, "hours": 72},
    ),
    (
        "reports-on-young-name",
        "Independent reporters agree, one of them known, and the name is young",
        True,
        {"voices": 3, "within_hours": 24, "age_days": 7, "hours": 72},
    ),
    (
        "trusted-report-on-young-name",
        "A trusted reporter's evidence agrees with our history, and the name is young",
        True,
        {"accuracy": 0.9, "decided": 20, "age_days": 7, "hours": 72},
    ),
    (
        "score-on-young-name",
        "The score is high, and the name is young",
        False,
        {"score": 70, "age_days": 7, "hours": 72},
    ),
]

# What phishing imitates everywhere. An operator adds the banks and carriers of its own country.
BRANDS = """adobe amazon americanexpress apple binance blockchain chase citibank coinbase dhl dropbox ebay facebook fedex gmail google
hsbc icloud instagram linkedin mastercard metamask microsoft netflix office365 onedrive outlook paypal postbank ricardo roblox
santander sharepoint spotify steam telegram tiktok usps visa wellsfargo whatsapp yahoo""".split()


def add(apps, schema_editor) -> None:
    weight, rule, brand = (apps.get_model("abuse", name) for name in ("Weight", "Rule", "Brand"))
    weight.objects.bulk_create(
        [weight(signal=signal, points=points, parameters=parameters) for signal, points, parameters in WEIGHTS],
        ignore_conflicts=True,
    )
    rule.objects.bulk_create(
        [rule(key=key, title=title, is_on=is_on, parameters=parameters) for key, title, is_on, parameters in RULES],
        ignore_conflicts=True,
    )
    brand.objects.bulk_create([brand(word=word) for word in BRANDS], ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [
        ("abuse", "0010_reading_and_answering"),
        ("ddns", "0014_networks_of_sign_ups"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Brand",
            fields=[
                (
                    "word",
                    models.CharField(
                        help_text="Lower-case letters and digits.", max_length=63, primary_key=True, serialize=False
                    ),
                ),
                ("title", models.CharField(blank=True, default="", help_text="Whose it is.", max_length=120)),
                (
                    "holders",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.EmailField(max_length=254),
                        blank=True,
                        default=list,
                        help_text="Accounts that have shown their right to it: they imitate nobody.",
                        size=None,
                    ),
                ),
            ],
            options={
                "ordering": ["word"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("word__regex", "^[a-z0-9]{3,63}$")), name="brand_is_plain"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Assessment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("facts", models.JSONField(help_text="abuse.facts.Facts.")),
                ("total", models.SmallIntegerField(help_text="0 to 100.")),
                ("reasons", models.JSONField(default=list, help_text="Signal, points, sentence.")),
                (
                    "rule",
                    models.CharField(
                        blank=True, default="", help_text="That held the name; empty: none did.", max_length=40
                    ),
                ),
                ("verdict", models.TextField(help_text="Why it was held or not.")),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="assessments", to="abuse.case"
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "indexes": [models.Index(fields=["case", "id"], name="assessments_of_case")],
            },
        ),
        migrations.CreateModel(
            name="Stay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.GenericIPAddressField()),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                (
                    "hostname",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="stays",
                        to="ddns.hostname",
                    ),
                ),
            ],
            options={
                "ordering": ["-since"],
                "indexes": [
                    models.Index(fields=["address", "-since"], name="stays_at_address"),
                    models.Index(condition=models.Q(("until__isnull", False)), fields=["until"], name="stays_over"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("until", None)), fields=("hostname", "address"), name="stay_open_once"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="case",
            name="scored_report_count",
            field=models.PositiveIntegerField(default=0, db_default=0, help_text="report_count when it was scored."),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                fields=["due_at", "-severity", "id"],
                name="cases_to_score",
                condition=models.Q(closed_at=None) & ~models.Q(report_count=models.F("scored_report_count")),
            ),
        ),
        migrations.RunPython(add, migrations.RunPython.noop),
    ]
