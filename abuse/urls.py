"""Pages of the abuse desk for everybody: reporting, receipts, what a customer is told."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
