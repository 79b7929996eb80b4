"""The database itself refuses to change or delete ledger entries; the hash chain shows it where that was got around."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("abuse", "0001_suspensions_and_ledger")]

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION abuse_ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'The ledger is append-only.';
            END $$;
            CREATE TRIGGER abuse_ledger_is_append_only BEFORE UPDATE OR DELETE ON abuse_ledgerentry
                FOR EACH ROW EXECUTE FUNCTION abuse_ledger_is_append_only();
            """,
            """
            DROP TRIGGER abuse_ledger_is_append_only ON abuse_ledgerentry;
            DROP FUNCTION abuse_ledger_is_append_only();
            """,
        )
    ]
