"""The addresses of the APIs for reporters and officers, below /api/v1/. Without a slash at their end."""

from django.urls import URLPattern, path

from abuse.rest.orders import Items, Orders, Withdrawals
from abuse.rest.reports import Reports
from abuse.rest.sharing import Sharing

urlpatterns: list[URLPattern] = [
    path("authorities/orders", Orders.as_view({"get": "list", "post": "create"}), name="orders"),
    path("authorities/orders/<str:id>", Orders.as_view({"get": "retrieve"}), name="order"),
    path("authorities/orders/<str:id>/items", Items.as_view({"get": "list"}), name="order_items"),
    path("authorities/orders/<str:id>/effect", Orders.as_view({"get": "effect"}), name="order_effect"),
    path("authorities/orders/<str:id>/withdraw", Withdrawals.as_view({"post": "withdraw"}), name="order_withdraw"),
    path("reports", Reports.as_view({"get": "list", "post": "create"}), name="reports"),
    path("reports/<str:id>", Reports.as_view({"get": "retrieve"}), name="report"),
    path("sharing/indicators", Sharing.as_view({"get": "indicators"}), name="sharing_indicators"),
    path("sharing/names.csv", Sharing.as_view({"get": "names"}), name="sharing_names"),
    path("sharing/sightings", Sharing.as_view({"post": "sightings"}), name="sharing_sightings"),
]
