"""What is deleted or overwritten of an account under a preservation hold is kept, whoever deletes it: pages, allauth, cascades."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

DELETED = (
    *("usersessions_usersession", "account_emailaddress", "ddns_record", "ddns_group", "ddns_webhook"),
    *("ddns_tsigkey", "ddns_acmeaccount"),
)

# Of whom a row is, by the first of these that it has; to_jsonb, since the function serves tables of different columns.
# Secrets and their hashes are no evidence.
FUNCTION = """
CREATE FUNCTION ddns_keep_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone jsonb := to_jsonb(OLD) - ARRAY['digest', 'session_key', 'data', 'sealed_secret', 'sealed_old_secret', 'password'];
    owner bigint;
BEGIN
    owner := CASE
        WHEN TG_TABLE_NAME = 'ddns_user' THEN (gone ->> 'id')::bigint
        WHEN gone ? 'account_id' THEN (gone ->> 'account_id')::bigint
        WHEN gone ? 'user_id' THEN (gone ->> 'user_id')::bigint
        ELSE COALESCE(
            (SELECT account_id FROM ddns_updatekey WHERE id = (gone ->> 'key_id')::bigint),
            (SELECT account_id FROM ddns_hostname WHERE id = (gone ->> 'hostname_id')::bigint)
        )
    END;
    INSERT INTO ddns_keptrow (account_id, "table", row)
        SELECT id, TG_TABLE_NAME, CASE WHEN TG_TABLE_NAME = 'ddns_user' THEN jsonb_build_object('email', email) ELSE gone END
        FROM (SELECT id, gone ->> 'email' AS email FROM ddns_user WHERE id = owner AND preserve_until > now()) AS held;
    RETURN NULL;
END $$;
"""
OVERWRITTEN = """
CREATE TRIGGER ddns_keep_overwritten AFTER UPDATE OF ip, user_agent ON usersessions_usersession
    FOR EACH ROW WHEN (OLD.ip IS DISTINCT FROM NEW.ip OR OLD.user_agent IS DISTINCT FROM NEW.user_agent)
    EXECUTE FUNCTION ddns_keep_row();
CREATE TRIGGER ddns_keep_overwritten AFTER UPDATE OF email ON ddns_user
    FOR EACH ROW WHEN (OLD.email IS DISTINCT FROM NEW.email AND OLD.preserve_until IS NOT NULL)
    EXECUTE FUNCTION ddns_keep_row();
CREATE TRIGGER ddns_keep_overwritten AFTER UPDATE OF email ON account_emailaddress
    FOR EACH ROW WHEN (OLD.email IS DISTINCT FROM NEW.email) EXECUTE FUNCTION ddns_keep_row();
"""
TRIGGERS = [
    f"CREATE TRIGGER ddns_keep_deleted AFTER DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION ddns_keep_row();"
    for table in DELETED
]
BACK = [
    *(f"DROP TRIGGER ddns_keep_deleted ON {table};" for table in DELETED),
    *(
        f"DROP TRIGGER ddns_keep_overwritten ON {table};"
        for table in ("usersessions_usersession", "ddns_user", "account_emailaddress")
    ),
    "DROP FUNCTION ddns_keep_row();",
]


class Migration(migrations.Migration):
    dependencies = [
        ("ddns", "0016_released_hostnames_by_name"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("usersessions", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeptRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("table", models.CharField(max_length=63)),
                ("row", models.JSONField(help_text="As it was.")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="When it was deleted or overwritten.",
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="kept_rows",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"ordering": ["pk"]},
        ),
        migrations.RunSQL("".join([FUNCTION, *TRIGGERS, OVERWRITTEN]), "".join(BACK)),
    ]
