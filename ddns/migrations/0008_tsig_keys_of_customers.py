"""TSIG keys of customers: what update keys sign UPDATE messages with."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ddns", "0007_acme_accounts"),
    ]

    operations = [
        migrations.CreateModel(
            name="TsigKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="One label, made at random.", max_length=63, unique=True)),
                (
                    "algorithm",
                    models.CharField(
                        choices=[
                            ("hmac-sha256", "HMAC-SHA-256"),
                            ("hmac-sha384", "HMAC-SHA-384"),
                            ("hmac-sha512", "HMAC-SHA-512"),
                            ("hmac-md5", "HMAC-MD5"),
                        ],
                        default="hmac-sha256",
                        max_length=12,
                    ),
                ),
                ("sealed_secret", models.TextField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "key",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tsig_key", to="ddns.updatekey"
                    ),
                ),
            ],
            options={
                "verbose_name": "TSIG key of a customer",
                "verbose_name_plural": "TSIG keys of customers",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("algorithm__in", ["hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-md5"])
                        ),
                        name="customer_tsig_key_algorithm_known",
                    )
                ],
            },
        ),
    ]
