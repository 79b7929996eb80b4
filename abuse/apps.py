"""Django's handle on this app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AbuseConfig(AppConfig):
    name = "abuse"
    verbose_name = "Abuse desk"

    def ready(self) -> None:
        from abuse import customer_exports, roles

        # Not in a migration: permissions do not exist yet while the first migrations run.
        post_migrate.connect(roles.make_missing, sender=self)
        customer_exports.add()
