"""Pages of the abuse desk for everybody: reporting, receipts, what a customer is told."""

from django.urls import path

from abuse.views import (
    contact,
    customers,
    disclosures,
    ledger,
    officers,
    orders,
    ours,
    receipts,
    report,
    reports,
    transparency,
)

# An officer's own pages, and what officers file.
authority_urls = [
    path("authorities/", officers.authorities, name="authorities"),
    path("authorities/apply/", officers.apply, name="authority_apply"),
    path("authorities/account/", officers.account, name="authority_account"),
    path("authorities/account/freeze/", officers.freeze, name="authority_freeze"),
    path("authorities/freeze/<str:token>/", officers.freeze_link, name="authority_freeze_link"),
    path("authorities/keys/", officers.keys, name="authority_keys"),
    path("authorities/keys/<int:pk>/revoke/", officers.revoke_key, name="authority_revoke_key"),
    path("authorities/orders/", orders.order_list, name="authority_orders"),
    path("authorities/orders/new/", orders.file, name="authority_order_file"),
    path("authorities/orders/<uuid:pk>/", orders.order, name="authority_order"),
    path("authorities/orders/<uuid:pk>/state", orders.state, name="authority_order_state"),
    path("authorities/orders/<uuid:pk>/withdraw/", orders.withdraw, name="authority_order_withdraw"),
    path("authorities/orders/<uuid:pk>/lines/", orders.items, name="authority_order_items"),
    path("authorities/orders/<uuid:pk>/lines.csv", orders.items_csv, name="authority_order_items_csv"),
    path("authorities/orders/<uuid:pk>/effect/<uuid:report>.<str:form>", orders.effect, name="authority_order_effect"),
    path(
        "authorities/orders/<uuid:pk>/disclosures/<int:disclosure_id>.zip",
        disclosures.fetch,
        name="authority_disclosure",
    ),
]

urlpatterns = [
    path(".well-known/security.txt", contact.security_txt, name="security_txt"),
    path(".well-known/abuse-signing-keys.json", contact.signing_keys, name="abuse_signing_keys"),
    path(".well-known/abuse-ledger.json", ledger.heads, name="ledger_heads"),
    path("abuse/cases/", customers.case_list, name="customer_cases"),
    path("abuse/cases/<int:pk>/", customers.case, name="customer_case"),
    path("abuse/c/<str:token>/", customers.by_link, name="customer_link"),
    path("abuse/", contact.contact, name="abuse"),
    path("abuse/transparency/", transparency.years, name="abuse_transparency"),
    path("abuse/transparency/<int:year>/", transparency.year, name="abuse_transparency_year"),
    path("abuse/transparency/<int:year>/<slug:key>.csv", transparency.table, name="abuse_transparency_table"),
    path("abuse/policy.json", contact.policy, name="abuse_policy"),
    path("abuse/is-ours", ours.is_ours, name="abuse_is_ours"),
    path("abuse/report/", report.file, name="abuse_report"),
    path("abuse/reports/<str:token>/", reports.reports, name="abuse_reports"),
    path("abuse/receipts/", receipts.verify, name="abuse_verify"),
    path("abuse/receipts/<uuid:pk>.json", receipts.receipt_json, name="abuse_receipt_json"),
    path("abuse/receipts/<uuid:pk>/", receipts.receipt, name="abuse_receipt"),
    *authority_urls,
]
