"""Pages for customers."""

from django.urls import path

from ddns.views import hostnames, keys, notifications, renewals, webhooks
from ddns.views.health import health
from ddns.views.landing import landing

urlpatterns = [
    path("", landing, name="landing"),
    path("healthz", health, name="health"),
    path("hostnames/", hostnames.dashboard, name="dashboard"),
    path("hostnames/<str:name>/", hostnames.hostname, name="hostname"),
    path("hostnames/<str:name>/options/", hostnames.configure, name="configure"),
    path("hostnames/<str:name>/release/", hostnames.release, name="release"),
    path("keys/", keys.key_list, name="keys"),
    path("keys/<int:pk>/revoke/", keys.revoke, name="revoke"),
    path("setup/", keys.setup, name="setup"),
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
