from django.db import migrations, models
from django.db.models.fields.json import KT


class Migration(migrations.Migration):
    dependencies = [
        ("abuse", "0026_order_previews"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(
                KT("details__order"),
                models.F("sequence"),
                condition=models.Q(("details__has_key", "order")),
                name="ledger_of_order",
            ),
        ),
    ]
