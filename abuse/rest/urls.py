"""The addresses of the API for reporters, below /api/v1/. Without a slash at their end."""

from django.urls import URLPattern, path

from abuse.rest.reports import Reports
from abuse.rest.sharing import Sharing

urlpatterns: list[URLPattern] = [
    path("reports", Reports.as_view({"get": "list", "post": "create"}), name="reports"),
    path("reports/<str:id>", Reports.as_view({"get": "retrieve"}), name="report"),
    path("sharing/indicators", Sharing.as_view({"get": "indicators"}), name="sharing_indicators"),
    path("sharing/names.csv", Sharing.as_view({"get": "names"}), name="sharing_names"),
    path("sharing/sightings", Sharing.as_view({"post": "sightings"}), name="sharing_sightings"),
]
