"""Addresses of accounts made by hand count as confirmed; accounts know when they signed up, and when they were forgotten."""

from django.db import migrations, models

# Only the log-in library's own reflexes have filled its table so far, unconfirmed and in any case.
CONFIRM = """
UPDATE ddns_user SET email = lower(email) WHERE email <> lower(email);
DELETE FROM account_emailaddress;
INSERT INTO account_emailaddress (user_id, email, verified, "primary") SELECT id, email, true, true FROM ddns_user;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("account", "0009_emailaddress_unique_primary_email"),
        ("ddns", "0004_records_groups_and_scopes_of_keys"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="rules_accepted_at",
            field=models.DateTimeField(null=True, editable=False, help_text="Null: made by staff."),
        ),
        migrations.AddField(
            model_name="user",
            name="forgotten_at",
            field=models.DateTimeField(null=True, editable=False, help_text="What was personal is gone since then."),
        ),
        migrations.RunSQL(CONFIRM, migrations.RunSQL.noop),
    ]
