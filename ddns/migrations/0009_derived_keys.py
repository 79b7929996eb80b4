"""Keys are known by the SHA-256 of their SHA-256, since clients of Dynu present the SHA-256 itself; and by their other hashes."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ddns", "0008_tsig_keys_of_customers")]

    operations = [
        # There is no way back: what is hashed stays hashed.
        migrations.RunSQL("UPDATE ddns_updatekey SET digest = sha256(digest)"),
        migrations.CreateModel(
            name="DerivedKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "form",
                    models.CharField(
                        choices=[
                            ("md5", "MD5 of the key (Dynu)"),
                            ("freedns", "SHA-1 of a user name and the key (FreeDNS)"),
                        ],
                        max_length=10,
                    ),
                ),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                (
                    "key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="derived_keys",
                        to="ddns.updatekey",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("form__in", ["md5", "freedns"])), name="derived_key_form_known"
                    )
                ],
            },
        ),
    ]
