"""Pages of the abuse desk for everybody: reporting, receipts, what a customer is told."""

from django.urls import path

from abuse.views import customers, ledger

urlpatterns = [
    path(".well-known/abuse-ledger.json", ledger.heads, name="ledger_heads"),
    path("abuse/cases/", customers.case_list, name="customer_cases"),
    path("abuse/cases/<int:pk>/", customers.case, name="customer_case"),
    path("abuse/c/<str:token>/", customers.by_link, name="customer_link"),
]
