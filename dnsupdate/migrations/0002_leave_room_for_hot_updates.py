"""Room on every page for the next version of a row, so that updates stay heap-only; the queue is vacuumed early."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("dnsupdate", "0001_zones_and_publications")]

    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE dnsupdate_publication SET (fillfactor = 70);
            ALTER TABLE dnsupdate_zone SET (fillfactor = 50);
            ALTER TABLE dnsupdate_pendingpublication
                SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
            """,
            migrations.RunSQL.noop,
        )
    ]
