from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dnsupdate", "0011_alarm_of_the_desk"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="alarm",
            name="alarm_kind_known",
        ),
        migrations.AlterField(
            model_name="alarm",
            name="kind",
            field=models.CharField(
                choices=[
                    ("delegation", "the delegation changed"),
                    ("desk", "the abuse desk is waited for"),
                    ("drift", "the zone differs from the rows"),
                    ("mailbox", "a mailbox cannot be read"),
                    ("server", "a nameserver is dead or stale"),
                    ("settings", "the zone's settings are unsafe"),
                    ("zone", "the zone cannot be published"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="alarm",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["delegation", "desk", "drift", "mailbox", "server", "settings", "zone"])
                ),
                name="alarm_kind_known",
            ),
        ),
    ]
