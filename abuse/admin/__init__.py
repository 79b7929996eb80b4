"""The desk: hostnames and accounts with their evidence, the decisions about them, and the ledger."""

from abuse.admin.accounts import AccountAdmin
from abuse.admin.acme_accounts import AcmeAccountAdmin
from abuse.admin.appeals import AppealAdmin
from abuse.admin.approvals import DecisionAdmin
from abuse.admin.batches import BatchAdmin
from abuse.admin.blocks import BlockAdmin
from abuse.admin.cases import CaseAdmin
from abuse.admin.diversions import DiversionTargetAdmin, ProtectedNameAdmin
from abuse.admin.evidence_files import EvidenceFileAdmin
from abuse.admin.hostnames import HostnameAdmin
from abuse.admin.ledger import LedgerAdmin
from abuse.admin.statements import StatementAdmin
from abuse.admin.suspensions import SuspensionAdmin
from abuse.admin.templates import TemplateAdmin

__all__ = [
    "AccountAdmin",
    "AcmeAccountAdmin",
    "AppealAdmin",
    "BatchAdmin",
    "BlockAdmin",
    "CaseAdmin",
    "DecisionAdmin",
    "DiversionTargetAdmin",
    "EvidenceFileAdmin",
    "HostnameAdmin",
    "LedgerAdmin",
    "ProtectedNameAdmin",
    "StatementAdmin",
    "SuspensionAdmin",
    "TemplateAdmin",
]
