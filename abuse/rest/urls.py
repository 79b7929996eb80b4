"""The addresses of the API for reporters, below /api/v1/. Without a slash at their end."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
