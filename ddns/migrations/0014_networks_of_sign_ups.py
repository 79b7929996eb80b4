"""Where an account signed up from, as a network and no finer: bursts of sign-ups are seen on the desk."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("ddns", "0013_blocks"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="sign_up_network",
            field=models.CharField(
                blank=True,
                default="",
                db_default="",
                editable=False,
                help_text="Where it signed up from: a /24 or a /56, no more.",
                max_length=43,
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("sign_up_network", ""), _negated=True),
                fields=["sign_up_network", "date_joined"],
                name="users_by_sign_up",
            ),
        ),
    ]
