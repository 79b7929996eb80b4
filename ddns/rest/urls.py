"""The addresses of the REST API, below /api/v1/. Without a slash at their end."""

from django.urls import path, re_path

from ddns.rest import reference
from ddns.rest.account import Account
from ddns.rest.acme_accounts import AcmeAccounts
from ddns.rest.bulk import Bulk
from ddns.rest.domains import Domains
from ddns.rest.groups import Groups
from ddns.rest.history import History, HistoryOfHostname
from ddns.rest.hostnames import Hostnames
from ddns.rest.keys import Keys
from ddns.rest.notifications import Notifications
from ddns.rest.preferences import Preferences
from ddns.rest.records import Records, RRsets
from ddns.rest.requests import Requests
from ddns.rest.webhooks import Deliveries, Webhooks

_LIST = {"get": "list", "post": "create"}
_ONE = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
_EVERY_METHOD = ("get", "post", "put", "patch", "delete")

urlpatterns = [
    path("", reference.page, name="reference"),
    path("openapi.json", reference.openapi, name="openapi"),
    path("problems", reference.Problems.as_view({"get": "list_all"})),
    path("problems/<str:slug>", reference.Problems.as_view({"get": "retrieve"})),
    path("domains", Domains.as_view({"get": "list"})),
    path("hostnames", Hostnames.as_view(_LIST)),
    path("hostnames/<str:name>", Hostnames.as_view(_ONE)),
    path("hostnames/<str:name>/status", Hostnames.as_view({"get": "status"})),
    path("hostnames/<str:name>/history", HistoryOfHostname.as_view({"get": "list"})),
    path("hostnames/<str:name>/requests", Requests.as_view({"get": "list_recent"})),
    path("hostnames/<str:name>/records", Records.as_view(_LIST)),
    path("hostnames/<str:name>/records/<str:id>", Records.as_view({"get": "retrieve", "delete": "destroy"})),
    path(
        "hostnames/<str:name>/rrsets/<str:label>/<str:type>",
        RRsets.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
    ),
    path("bulk/hostnames", Bulk.as_view({"post": "create", "patch": "partial_update"})),
    path("groups", Groups.as_view(_LIST)),
    path("groups/<str:id>", Groups.as_view(_ONE)),
    path("keys", Keys.as_view(_LIST)),
    path("keys/<str:id>", Keys.as_view(_ONE)),
    path("keys/<str:id>/rotate", Keys.as_view({"post": "rotate"})),
    path("keys/<str:id>/tsig", Keys.as_view({"post": "create_tsig", "delete": "destroy_tsig"})),
    path("acme-dns-accounts", AcmeAccounts.as_view({"get": "list"})),
    path("acme-dns-accounts/<str:id>", AcmeAccounts.as_view({"get": "retrieve", "delete": "destroy"})),
    path("history", History.as_view({"get": "list"})),
    path("notifications", Notifications.as_view({"get": "list"})),
    path("notifications/read", Notifications.as_view({"post": "read"})),
    path("notifications/preferences", Preferences.as_view({"get": "retrieve", "patch": "partial_update"})),
    path("webhooks", Webhooks.as_view(_LIST)),
    path("webhooks/<str:id>", Webhooks.as_view(_ONE)),
    path("webhooks/<str:id>/rotate", Webhooks.as_view({"post": "rotate"})),
    path("webhooks/<str:id>/test", Webhooks.as_view({"post": "test"})),
    path("webhooks/<str:id>/deliveries", Deliveries.as_view({"get": "list"})),
    path("webhooks/<str:id>/deliveries/<str:delivery>/resend", Deliveries.as_view({"post": "resend"})),
    path("account", Account.as_view({"get": "retrieve", "patch": "partial_update"})),
    re_path("", reference.Nothing.as_view(dict.fromkeys(_EVERY_METHOD, "nothing"))),
]
