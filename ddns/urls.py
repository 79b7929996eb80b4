"""Pages for customers."""

from django.urls import path

from ddns.views.health import health

urlpatterns = [
    path("healthz", health, name="health"),
]
