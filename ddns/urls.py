"""Pages for customers."""

from django.urls import path

from ddns.views import (
    accounts,
    groups,
    hostnames,
    keys,
    landing,
    notifications,
    prefixes,
    records,
    renewals,
    setup,
    theme,
    webhooks,
)
from ddns.views.dashboard import dashboard
from ddns.views.health import health
from ddns.views.proof_of_work import challenge
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
    path("hostnames/<str:name>/prefix/", prefixes.follow, name="follow"),
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
    path("rules/", landing.rules, name="rules"),
    path("proof-of-work/<slug:purpose>/", challenge, name="challenge"),
    path("account/", accounts.overview, name="account"),
    path("account/sessions/<int:pk>/end/", accounts.end_session, name="end_session"),
    path("account/export/", accounts.export, name="export"),
    path("account/export/account.json", accounts.export_file, name="export_file"),
    path("account/close/", accounts.close, name="close_account"),
    path("notifications/", notifications.notification_list, name="notifications"),
    path("notifications/read/", notifications.read, name="read_notifications"),
    path("notifications/preferences/", notifications.choose, name="preferences"),
    path("notifications/webhooks/", webhooks.webhook_list, name="webhooks"),
    path("notifications/webhooks/<int:pk>/", webhooks.webhook, name="webhook"),
    path("notifications/webhooks/<int:pk>/test/", webhooks.test, name="test_webhook"),
    path("notifications/webhooks/<int:pk>/rotate/", webhooks.rotate, name="rotate_webhook"),
    path("notifications/webhooks/<int:pk>/enable/", webhooks.enable, name="enable_webhook"),
    path("notifications/webhooks/<int:pk>/disable/", webhooks.disable, name="disable_webhook"),
    path("notifications/webhooks/<int:pk>/delete/", webhooks.delete, name="delete_webhook"),
    path("notifications/deliveries/<int:pk>/resend/", webhooks.resend, name="resend_delivery"),
    path("unsubscribe/<str:token>/", notifications.unsubscribe, name="unsubscribe"),
    path("renew/<str:token>/", renewals.renew, name="renew"),
]
