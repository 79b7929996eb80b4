"""Room on every page for the next version of a row, so that address updates stay heap-only."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ddns", "0001_customers_and_hostnames")]

    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE ddns_hostname SET (fillfactor = 80);
            ALTER TABLE ddns_updatekey SET (fillfactor = 80);
            """,
            migrations.RunSQL.noop,
        )
    ]
