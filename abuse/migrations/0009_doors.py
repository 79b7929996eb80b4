from datetime import timedelta

import django.db.models.deletion
from django.db import migrations, models

FEEDS = [
    ("URLhaus", "urlhaus", "https://urlhaus.abuse.ch/downloads/csv_recent/", "content/malware"),
    ("ThreatFox", "threatfox", "https://threatfox.abuse.ch/export/csv/recent/", "reputation/threat_intelligence"),
]


def add_feeds(apps, schema_editor) -> None:
    """Off: both want a free Auth-Key, which the operator asks for and sets at the desk."""
    reporter, feed = apps.get_model("abuse", "Reporter"), apps.get_model("abuse", "Feed")
    for name, key, url, kind in FEEDS:
        voice, _ = reporter.objects.get_or_create(
            identity=f"feed:{key}", defaults={"kind": "feed", "name": f"{name} (abuse.ch)", "tier": "B"}
        )
        feed.objects.get_or_create(
            name=name,
            defaults={
                "url": url,
                "format": key,
                "reporter": voice,
                "default_kind": kind,
                "every": timedelta(hours=1),
                "auth_header": "Auth-Key",
            },
        )


class Migration(migrations.Migration):
    dependencies = [
        ("abuse", "0007_retention_and_exports"),
    ]

    operations = [
        migrations.CreateModel(
            name="Mailbox",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="user@host/folder.", max_length=300, unique=True)),
                ("polled_at", models.DateTimeField(null=True)),
                ("succeeded_at", models.DateTimeField(null=True)),
                ("failing_since", models.DateTimeField(null=True)),
                ("failure", models.TextField(blank=True, default="")),
                (
                    "waiting_count",
                    models.PositiveIntegerField(default=0, help_text="That were there after the last poll."),
                ),
                ("oldest_at", models.DateTimeField(help_text="When the oldest of those arrived.", null=True)),
                (
                    "left_count",
                    models.PositiveIntegerField(default=0, help_text="Too big, or empty: flagged, for a person."),
                ),
            ],
            options={
                "verbose_name_plural": "mailboxes",
            },
        ),
        migrations.AddField(
            model_name="submission",
            name="default_kind",
            field=models.CharField(
                blank=True,
                default="",
                help_text="category/type where its format has none: of a feed, an upload.",
                max_length=60,
            ),
        ),
        migrations.CreateModel(
            name="Mail",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "digest",
                    models.BinaryField(
                        help_text="SHA-256 of what is the same by every way.", max_length=32, unique=True
                    ),
                ),
                ("message_id", models.CharField(blank=True, default="", max_length=300)),
                (
                    "sender",
                    models.CharField(
                        blank=True, default="", help_text="Of the envelope; empty: a bounce.", max_length=320
                    ),
                ),
                ("recipient", models.CharField(blank=True, default="", help_text="Of the envelope.", max_length=320)),
                ("subject", models.CharField(blank=True, default="", max_length=300)),
                ("received_at", models.DateTimeField()),
                ("answer_to", models.CharField(blank=True, default="", max_length=320)),
                (
                    "withheld",
                    models.CharField(blank=True, default="", help_text="Why it is not acknowledged.", max_length=200),
                ),
                ("due_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("try_count", models.PositiveIntegerField(default=0)),
                ("failure", models.TextField(blank=True, default="")),
                (
                    "submission",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="mail", to="abuse.submission"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="mails_to_answer"
                    ),
                    models.Index(fields=["answer_to", "-received_at"], name="mails_by_address"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(blank=True, default="", max_length=45)),
                ("key", models.CharField(blank=True, default="", max_length=255)),
                ("digest", models.BinaryField(help_text="SHA-256 of what was posted, and as what.", max_length=32)),
                ("posted_at", models.DateTimeField()),
                (
                    "reporter",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="abuse.reporter"
                    ),
                ),
                (
                    "submission",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="postings", to="abuse.submission"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["reporter", "source", "key"], name="postings_by_key"),
                    models.Index(fields=["reporter", "digest"], name="postings_by_digest"),
                    models.Index(fields=["posted_at"], name="postings_by_age"),
                ],
            },
        ),
        migrations.RunPython(add_feeds, migrations.RunPython.noop),
    ]
