"""Django's handle on this app."""

from django.apps import AppConfig


class DdnsConfig(AppConfig):
    name = "ddns"
    verbose_name = "Customers and hostnames"
