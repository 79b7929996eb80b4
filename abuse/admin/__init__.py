"""The desk: hostnames and accounts with their evidence, the decisions about them, and the ledger."""

from abuse.admin.accounts import AccountAdmin
from abuse.admin.acme_accounts import AcmeAccountAdmin
from abuse.admin.agencies import AgencyAdmin
from abuse.admin.appeals import AppealAdmin
from abuse.admin.approvals import DecisionAdmin
from abuse.admin.blocks import BlockAdmin
from abuse.admin.cases import CaseAdmin
from abuse.admin.categories import CategoryAdmin
from abuse.admin.diversions import DiversionTargetAdmin, ProtectedNameAdmin
from abuse.admin.evidence_files import EvidenceFileAdmin
from abuse.admin.feeds import FeedAdmin
from abuse.admin.hostnames import HostnameAdmin
from abuse.admin.ledger import LedgerAdmin
from abuse.admin.messages import MessageAdmin
from abuse.admin.officers import OfficerAdmin
from abuse.admin.order_disclosures import DisclosureAdmin
from abuse.admin.order_holds import HoldAdmin
from abuse.admin.orders import OrderAdmin
from abuse.admin.partners import PartnerAdmin, PolicyZoneAdmin, SharedNameAdmin, SightingAdmin
from abuse.admin.policy import BrandAdmin, RuleAdmin, WeightAdmin
from abuse.admin.reporter_keys import ReporterAdmin
from abuse.admin.statements import StatementAdmin
from abuse.admin.submissions import SubmissionAdmin
from abuse.admin.suspensions import SuspensionAdmin
from abuse.admin.templates import TemplateAdmin

__all__ = [
    "AccountAdmin",
    "AcmeAccountAdmin",
    "AgencyAdmin",
    "AppealAdmin",
    "BlockAdmin",
    "BrandAdmin",
    "CaseAdmin",
    "CategoryAdmin",
    "DecisionAdmin",
    "DisclosureAdmin",
    "DiversionTargetAdmin",
    "EvidenceFileAdmin",
    "FeedAdmin",
    "HoldAdmin",
    "HostnameAdmin",
    "LedgerAdmin",
    "MessageAdmin",
    "OfficerAdmin",
    "OrderAdmin",
    "PartnerAdmin",
    "PolicyZoneAdmin",
    "ProtectedNameAdmin",
    "ReporterAdmin",
    "RuleAdmin",
    "SharedNameAdmin",
    "SightingAdmin",
    "StatementAdmin",
    "SubmissionAdmin",
    "SuspensionAdmin",
    "TemplateAdmin",
    "WeightAdmin",
]
