"""Pages for customers."""

from django.urls import path

from ddns.views import groups, hostnames, keys, landing, records, setup, theme
from ddns.views.dashboard import dashboard
from ddns.views.health import health
from ddns.views.status import status_page

urlpatterns = [
    path("", landing.landing, name="landing"),
    path("domains/", landing.domains, name="domains"),
    path("status/", status_page, name="status"),
    path("theme/", theme.choose, name="theme"),
    path("healthz", health, name="health"),
    path("hostnames/", dashboard, name="dashboard"),
    path("hostnames/<str:name>/", hostnames.hostname, name="hostname"),
    path("hostnames/<str:name>/dns/", hostnames.in_dns, name="in_dns"),
    path("hostnames/<str:name>/options/", hostnames.configure, name="configure"),
    path("hostnames/<str:name>/records/", records.add, name="add_record"),
    path("hostnames/<str:name>/records/<int:pk>/remove/", records.remove, name="remove_record"),
    path("hostnames/<str:name>/release/", hostnames.release, name="release"),
    path("groups/", groups.group_list, name="groups"),
    path("groups/<int:pk>/", groups.group, name="group"),
    path("groups/<int:pk>/rename/", groups.rename, name="rename_group"),
    path("groups/<int:pk>/delete/", groups.delete, name="delete_group"),
    path("keys/", keys.key_list, name="keys"),
    path("keys/<int:pk>/", keys.key, name="key"),
    path("keys/<int:pk>/rename/", keys.rename, name="rename_key"),
    path("keys/<int:pk>/rotate/", keys.rotate, name="rotate_key"),
    path("keys/<int:pk>/revoke/", keys.revoke, name="revoke"),
    path("setup/", setup.client_list, name="setup"),
    path("setup/<slug:slug>/", setup.client, name="setup_client"),
]
