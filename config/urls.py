"""The addresses of pages. Update and checkip paths are answered before these (ddns.middleware.UpdatePaths)."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("ddns.urls")),
]
