"""Rows about reports and decisions. Nothing here is deleted before its retention ends."""

from abuse.models.agencies import Agency
from abuse.models.appeals import Appeal
from abuse.models.assessments import Assessment
from abuse.models.batches import Batch
from abuse.models.blobs import Blob
from abuse.models.brands import Brand
from abuse.models.cases import Case
from abuse.models.categories import Category
from abuse.models.decisions import Decision
from abuse.models.disclosures import Disclosure
from abuse.models.diversions import DiversionTarget
from abuse.models.effect_reports import EffectReport
from abuse.models.feeds import Feed
from abuse.models.holds import Hold
from abuse.models.ledger import LedgerEntry
from abuse.models.mails import Mail, Mailbox
from abuse.models.officer_alerts import OfficerAlert, OfficerFiling
from abuse.models.officers import Officer, OfficerKey, Vetting
from abuse.models.order_notices import OrderNotice
from abuse.models.orders import Order, OrderFile, OrderGroup, OrderItem
from abuse.models.partners import Partner, PolicyZone, SharedName, Sighting
from abuse.models.policy import Rule, Weight
from abuse.models.postings import Posting
from abuse.models.protected_names import ProtectedName
from abuse.models.receipts import Receipt, SigningKey
from abuse.models.reporter_mails import ReporterMail
from abuse.models.reporters import Reporter, ReporterKey
from abuse.models.reports import Evidence, Report
from abuse.models.statements import Message, Statement, Template
from abuse.models.stays import Stay
from abuse.models.submissions import Submission
from abuse.models.suspensions import Suspension

__all__ = [
    "Agency",
    "Appeal",
    "Assessment",
    "Batch",
    "Blob",
    "Brand",
    "Case",
    "Category",
    "Decision",
    "Disclosure",
    "DiversionTarget",
    "EffectReport",
    "Evidence",
    "Feed",
    "Hold",
    "LedgerEntry",
    "Mail",
    "Mailbox",
    "Message",
    "Officer",
    "OfficerAlert",
    "OfficerFiling",
    "OfficerKey",
    "Order",
    "OrderFile",
    "OrderGroup",
    "OrderItem",
    "OrderNotice",
    "Partner",
    "PolicyZone",
    "Posting",
    "ProtectedName",
    "Receipt",
    "Report",
    "Reporter",
    "ReporterKey",
    "ReporterMail",
    "Rule",
    "SharedName",
    "Sighting",
    "SigningKey",
    "Statement",
    "Stay",
    "Submission",
    "Suspension",
    "Template",
    "Vetting",
    "Weight",
]
