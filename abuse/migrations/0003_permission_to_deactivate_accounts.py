"""A permission of its own: whoever may suspend one name may not yet switch off a whole account."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("abuse", "0002_ledger_takes_no_changes")]

    operations = [
        migrations.AlterModelOptions(
            name="suspension",
            options={
                "ordering": ["-decided_at"],
                "permissions": [("deactivate_account", "Can deactivate and reactivate accounts")],
            },
        )
    ]
