"""Pages for customers."""

from django.urls import path

from ddns.views import hostnames, keys, landing, theme
from ddns.views.health import health
from ddns.views.status import status_page

urlpatterns = [
    path("", landing.landing, name="landing"),
    path("domains/", landing.domains, name="domains"),
    path("status/", status_page, name="status"),
    path("theme/", theme.choose, name="theme"),
    path("healthz", health, name="health"),
    path("hostnames/", hostnames.dashboard, name="dashboard"),
    path("hostnames/<str:name>/", hostnames.hostname, name="hostname"),
    path("hostnames/<str:name>/options/", hostnames.configure, name="configure"),
    path("hostnames/<str:name>/release/", hostnames.release, name="release"),
    path("keys/", keys.key_list, name="keys"),
    path("keys/<int:pk>/revoke/", keys.revoke, name="revoke"),
    path("setup/", keys.setup, name="setup"),
]
