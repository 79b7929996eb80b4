"""Django's handle on this app."""

from django.apps import AppConfig


class DnsUpdateConfig(AppConfig):
    name = "dnsupdate"
    verbose_name = "DNS"
