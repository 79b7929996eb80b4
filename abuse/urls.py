"""Pages of the abuse desk for everybody: reporting, receipts, what a customer is told."""

from django.urls import path

from abuse.views import ledger

urlpatterns = [
    path(".well-known/abuse-ledger.json", ledger.heads, name="ledger_heads"),
]
