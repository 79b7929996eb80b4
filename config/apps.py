"""The admin site, with the log-in that limits attempts."""

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    default_site = "config.admin.Site"

    def ready(self) -> None:
        """Without the log-in library's tables: second factors and sessions are nobody's but their owner's."""
        super().ready()
        foreign = [model for model in admin.site._registry if model._meta.app_config.name.startswith("allauth.")]
        admin.site.unregister(foreign)
