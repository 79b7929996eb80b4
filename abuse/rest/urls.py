"""The addresses of the API for reporters, below /api/v1/. Without a slash at their end."""

from django.urls import URLPattern, path

from abuse.rest.reports import Reports

urlpatterns: list[URLPattern] = [
    path("reports", Reports.as_view({"get": "list", "post": "create"}), name="reports"),
    path("reports/<str:id>", Reports.as_view({"get": "retrieve"}), name="report"),
]
