"""TRUNCATE fires no row trigger: a trigger of its own refuses it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("abuse", "0003_permission_to_deactivate_accounts")]

    operations = [
        migrations.RunSQL(
            """
            CREATE TRIGGER abuse_ledger_is_not_emptied BEFORE TRUNCATE ON abuse_ledgerentry
                FOR EACH STATEMENT EXECUTE FUNCTION abuse_ledger_is_append_only();
            """,
            "DROP TRIGGER abuse_ledger_is_not_emptied ON abuse_ledgerentry;",
        )
    ]
