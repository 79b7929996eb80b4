"""The desk's look and its navigation, as the theme of the admin wants them."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy


def unfold(site_name: str) -> dict[str, Any]:
    """The setting UNFOLD."""
    return {
        "SITE_TITLE": f"{site_name} desk",
        "SITE_HEADER": f"{site_name} desk",
        "SITE_SUBHEADER": "Names, decisions, evidence",
        "SITE_SYMBOL": "balance",
        "SITE_URL": "/hostnames/",
        "SHOW_HISTORY": False,
        "SHOW_VIEW_ON_SITE": False,
        "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("ddns/icon.svg")}],
        "STYLES": [lambda request: static("abuse/desk.css")],
        "DASHBOARD_CALLBACK": "config.admin.start_page",
        # A blue that has a contrast of 4.5 and more on white and on the dark ground.
        "COLORS": {
            "primary": {
                "50": "oklch(97% .014 254.6)",
                "100": "oklch(93.2% .032 255.6)",
                "200": "oklch(88.2% .059 254.1)",
                "300": "oklch(80.9% .105 251.8)",
                "400": "oklch(70.7% .165 254.6)",
                "500": "oklch(62.3% .214 259.8)",
                "600": "oklch(54.6% .245 262.9)",
                "700": "oklch(48.8% .243 264.4)",
                "800": "oklch(42.4% .199 265.6)",
                "900": "oklch(37.9% .146 265.5)",
                "950": "oklch(28.2% .091 267.9)",
            },
        },
        "SIDEBAR": {
            "navigation": [
                {
                    "title": "Desk",
                    "items": [
                        _link("Start", "home", "index"),
                        _link("Cases", "gavel", "abuse_case_changelist", "abuse.view_case"),
                        _link("Orders", "local_police", "abuse_order_changelist", "abuse.view_order"),
                        _link("Holds", "inventory", "abuse_hold_changelist", "abuse.view_order"),
                        _link("Disclosures", "outbox", "abuse_disclosure_changelist", "abuse.view_order"),
                        _link("Hostnames", "dns", "ddns_hostname_changelist", "ddns.view_hostname"),
                        _link("Accounts", "group", "ddns_user_changelist", "ddns.view_user"),
                        _link(
                            "acme-dns accounts", "verified_user", "ddns_acmeaccount_changelist", "ddns.view_acmeaccount"
                        ),
                        _link("Decisions", "how_to_vote", "abuse_decision_changelist", "abuse.view_decision"),
                        _link("Suspensions", "block", "abuse_suspension_changelist", "abuse.view_suspension"),
                        _link("Submissions", "inbox", "abuse_submission_changelist", "abuse.view_submission"),
                        _link("Reporters", "campaign", "abuse_reporter_changelist", "abuse.view_reporter"),
                        _link("Feeds", "rss_feed", "abuse_feed_changelist", "abuse.view_feed"),
                        _link("Appeals", "scale", "abuse_appeal_changelist", "abuse.view_appeal"),
                        _link("Messages", "forum", "abuse_message_changelist", "abuse.view_case"),
                        _link("Statements", "contract", "abuse_statement_changelist", "abuse.view_statement"),
                        _link("Officers", "local_police", "abuse_officer_changelist", "abuse.view_officer"),
                        _link("Agencies", "account_balance", "abuse_agency_changelist", "abuse.view_agency"),
                        _link("Templates", "edit_note", "abuse_template_changelist", "abuse.view_template"),
                        _link("Categories", "category", "abuse_category_changelist", "abuse.view_category"),
                        _link("Blocks", "shield", "ddns_block_changelist", "abuse.view_decision"),
                        _link(
                            "Diversions", "alt_route", "abuse_diversiontarget_changelist", "abuse.view_diversiontarget"
                        ),
                        _link("Partners", "handshake", "abuse_partner_changelist", "abuse.view_partner"),
                        _link("Shared names", "share", "abuse_sharedname_changelist", "abuse.view_partner"),
                        _link("Sightings", "visibility", "abuse_sighting_changelist", "abuse.view_sighting"),
                        _link("Policy zones", "policy", "abuse_policyzone_changelist", "abuse.view_partner"),
                        _link("Protected names", "lock", "abuse_protectedname_changelist", "abuse.change_settings"),
                        _link("Weights", "balance", "abuse_weight_changelist", "abuse.view_weight"),
                        _link("Rules", "rule", "abuse_rule_changelist", "abuse.view_rule"),
                        _link("Brands", "verified", "abuse_brand_changelist", "abuse.view_brand"),
                        _link("Ledger", "receipt_long", "abuse_ledgerentry_changelist", "abuse.view_ledgerentry"),
                    ],
                },
                {
                    "title": "Platform",
                    "separator": True,
                    "items": [
                        _link("Domains", "public", "ddns_domain_changelist", "ddns.view_domain"),
                        _link(
                            "Reserved names",
                            "do_not_disturb_on",
                            "ddns_reservedname_changelist",
                            "ddns.view_reservedname",
                        ),
                        _link("Notifications", "mail", "ddns_notification_changelist", "ddns.view_notification"),
                        _link("Alarms", "notifications_active", "dnsupdate_alarm_changelist", "dnsupdate.view_alarm"),
                        _link(
                            "Delegations",
                            "account_tree",
                            "dnsupdate_delegation_changelist",
                            "dnsupdate.view_delegation",
                        ),
                        _link("Zones", "lan", "dnsupdate_zone_changelist", "dnsupdate.view_zone"),
                        _link(
                            "Verifications",
                            "fact_check",
                            "dnsupdate_verification_changelist",
                            "dnsupdate.view_verification",
                        ),
                        _link(
                            "Servers", "monitor_heart", "dnsupdate_serverstate_changelist", "dnsupdate.view_serverstate"
                        ),
                        _link("Proofs", "fact_check", "dnsupdate_proof_changelist", "dnsupdate.view_proof"),
                        _link("Nameservers", "storage", "dnsupdate_nameserver_changelist", "dnsupdate.view_nameserver"),
                        _link("TSIG keys", "key", "dnsupdate_tsigkey_changelist", "dnsupdate.view_tsigkey"),
                        _link("Groups", "badge", "auth_group_changelist", "auth.view_group"),
                    ],
                },
            ],
        },
    }


def _link(title: str, icon: str, page: str, permission: str = "") -> dict:
    """An entry of the desk's navigation, for those who may see its page."""
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{page}"),
        "permission": lambda request: not permission or request.user.has_perm(permission),
    }
