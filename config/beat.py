"""What is done periodically in every deployment, how often, and why so often: Celery's beat."""

from datetime import timedelta
from typing import Any

SCHEDULE: dict[str, dict[str, Any]] = {
    "purge-idempotent-requests": {"task": "ddns.tasks.purge_idempotent_requests", "schedule": timedelta(hours=1)},
    # Two seconds: the longest that a lost wake-up may delay an update.
    "sweep": {"task": "dnsupdate.tasks.sweep", "schedule": 2.0, "options": {"expires": 2}},
    "send-notices": {"task": "dnsupdate.tasks.send_notices", "schedule": 5.0, "options": {"expires": 5}},
    # Well below the minute after which a zone is late (dnsupdate.zone_health).
    "watch-zones": {"task": "dnsupdate.tasks.watch_zones", "schedule": 30.0, "options": {"expires": 30}},
    "check-signatures": {"task": "dnsupdate.tasks.check_signatures", "schedule": timedelta(hours=1)},
    "watch-serials": {"task": "dnsupdate.tasks.watch_serials", "schedule": 10.0, "options": {"expires": 10}},
    "verify-zones": {"task": "dnsupdate.tasks.verify_zones", "schedule": 10.0, "options": {"expires": 10}},
    # One that waited for a worker until the next is due is not run: it would only tell of the same moment.
    "watch-servers": {"task": "dnsupdate.tasks.watch_servers", "schedule": 10.0, "options": {"expires": 10}},
    "watch-zone-settings": {
        "task": "dnsupdate.tasks.watch_zone_settings",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
    },
    "purge-proofs": {"task": "dnsupdate.tasks.purge_proofs", "schedule": timedelta(hours=1)},
    "purge-history": {"task": "ddns.tasks.purge_history", "schedule": timedelta(hours=1)},
    "forget-accounts": {"task": "ddns.tasks.forget_accounts", "schedule": timedelta(hours=1)},
    "purge-acme-accounts": {"task": "ddns.tasks.purge_acme_accounts", "schedule": timedelta(hours=1)},
    # A submission whose wake-up was lost waits this long.
    "read-submissions": {"task": "abuse.tasks.read_submissions", "schedule": 5.0, "options": {"expires": 5}},
    # A scan of all hostnames each time that an address waits; people who report addresses write logs, and wait for hours.
    "match-addresses": {"task": "abuse.tasks.match_addresses", "schedule": 30.0, "options": {"expires": 30}},
    "watch-clocks": {"task": "abuse.tasks.watch_clocks", "schedule": 60.0, "options": {"expires": 60}},
    "send-answers": {"task": "abuse.tasks.send_answers", "schedule": 10.0, "options": {"expires": 10}},
    "review-reporters": {"task": "abuse.tasks.review_reporters", "schedule": timedelta(hours=1)},
    "send-acknowledgements": {
        "task": "abuse.tasks.send_acknowledgements",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    # What a lost wake-up may delay a hold by.
    "score-cases": {"task": "abuse.tasks.score_cases", "schedule": 5.0, "options": {"expires": 5}},
    # Who shares an address is asked on the screen of a case: seconds late is early enough.
    "follow-stays": {"task": "abuse.tasks.follow_stays", "schedule": 5.0, "options": {"expires": 5}},
    "purge-stays": {"task": "abuse.tasks.purge_stays", "schedule": timedelta(minutes=5)},
    # Each feed has its own interval; none is shorter than five minutes.
    "pull-feeds": {"task": "abuse.tasks.pull_feeds", "schedule": 60.0, "options": {"expires": 60}},
    "purge-postings": {"task": "abuse.tasks.purge_postings", "schedule": timedelta(hours=1)},
    # Does something once a day.
    "publish-ledger-head": {"task": "abuse.tasks.publish_ledger_head", "schedule": timedelta(hours=1)},
    # Their clocks are hours: a minute is soon enough.
    "watch-appeals": {"task": "abuse.tasks.watch_appeals", "schedule": 60.0, "options": {"expires": 60}},
    # Office ends with the term in any case; this has people vet anew.
    "review-officers": {"task": "abuse.tasks.review_officers", "schedule": timedelta(minutes=10)},
    "watch-orders": {"task": "abuse.tasks.watch_orders", "schedule": 60.0, "options": {"expires": 60}},
    "purge-reports": {"task": "abuse.tasks.purge_reports", "schedule": timedelta(hours=1)},
    # A decision that ends is late by this at most.
    "end-decisions": {"task": "abuse.tasks.end_decisions", "schedule": 10.0, "options": {"expires": 10}},
    # How long a name may answer addresses that are a partner's no more.
    "watch-diversions": {"task": "abuse.tasks.watch_diversions", "schedule": 30.0, "options": {"expires": 30}},
    # Three looks without an answer are two to three minutes: a restart of the partner's is over by then.
    "probe-diversions": {"task": "abuse.tasks.probe_diversions", "schedule": 60.0, "options": {"expires": 60}},
    # An order whose wake-up was lost waits this long.
    "plan-orders": {"task": "abuse.tasks.plan_orders", "schedule": 5.0, "options": {"expires": 5}},
    # How long partners' resolvers may refuse a name that was reinstated.
    "settle-shared-names": {"task": "abuse.tasks.settle_shared_names", "schedule": 15.0, "options": {"expires": 15}},
    # People wait for the rest of a batch, and for the proof of what they decided.
    "run-batches": {"task": "abuse.tasks.run_batches", "schedule": 5.0, "options": {"expires": 5}},
    # How long an order may stand still after whoever was at it was killed.
    "run-orders": {"task": "abuse.tasks.run_orders", "schedule": 2.0, "options": {"expires": 2}},
    "prove-decisions": {"task": "abuse.tasks.prove_decisions", "schedule": 3.0, "options": {"expires": 3}},
    # An authority waits for the answer, in whose way a name stands that is a second late at a secondary.
    "prove-orders": {"task": "abuse.tasks.prove_orders", "schedule": 2.0, "options": {"expires": 2}},
    "send-forwards": {"task": "abuse.tasks.send_forwards", "schedule": 30.0, "options": {"expires": 30}},
    # Customers of an order are told within the minute in which it was carried out, or its seal ends.
    "send-order-notices": {"task": "abuse.tasks.send_order_notices", "schedule": 30.0, "options": {"expires": 30}},
    # Two weeks are told of: an hour is soon enough.
    "watch-holds": {"task": "abuse.tasks.watch_holds", "schedule": timedelta(hours=1)},
    "purge-disclosures": {"task": "abuse.tasks.purge_disclosures", "schedule": timedelta(hours=1)},
    # Notifications: people wait seconds for a change, and days for what is found by looking through all hostnames.
    "tell-address-changes": {
        "task": "ddns.tasks.tell_address_changes",
        "schedule": 3.0,
        "options": {"expires": 3},
    },
    "post-webhooks": {"task": "ddns.tasks.post_webhooks", "schedule": 2.0, "options": {"expires": 2}},
    "send-mails": {"task": "ddns.tasks.send_mails", "schedule": 5.0, "options": {"expires": 5}},
    "look-for-silence": {"task": "ddns.tasks.look_for_silence", "schedule": 60.0, "options": {"expires": 60}},
    "look-for-expiries": {"task": "ddns.tasks.look_for_expiries", "schedule": 60.0, "options": {"expires": 60}},
    "look-for-key-expiries": {"task": "ddns.tasks.look_for_key_expiries", "schedule": timedelta(hours=1)},
    "purge-notifications": {"task": "ddns.tasks.purge_notifications", "schedule": timedelta(hours=1)},
}
