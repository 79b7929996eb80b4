"""Labels that clients or people trust by convention (RFC 2142, RFC 6186, WPAD) belong to nobody."""

from django.db import migrations

LABELS = (
    "abuse admin administrator api autoconfig autodiscover broadcasthost checkip dns ftp hostmaster imap isatap "
    "localhost localdomain mail mta-sts ns ns0 ns1 ns2 ns3 ns4 ns5 pop pop3 postmaster root security smtp ssl status "
    "support update webmaster wpad www www1 www2"
).split()


def reserve(apps, schema_editor) -> None:
    apps.get_model("ddns", "ReservedName").objects.bulk_create(
        [apps.get_model("ddns", "ReservedName")(name=label, reason="trusted by convention") for label in LABELS],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("ddns", "0002_leave_room_for_hot_updates")]

    operations = [migrations.RunPython(reserve, migrations.RunPython.noop)]
