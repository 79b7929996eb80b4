"""Rows about reports and decisions. Nothing here is deleted before its retention ends."""

from abuse.models.appeals import Appeal
from abuse.models.assessments import Assessment
from abuse.models.batches import Batch
from abuse.models.blobs import Blob
from abuse.models.brands import Brand
from abuse.models.cases import Case
from abuse.models.categories import Category
from abuse.models.decisions import Decision
from abuse.models.diversions import DiversionTarget
from abuse.models.feeds import Feed
from abuse.models.ledger import LedgerEntry
from abuse.models.mails import Mail, Mailbox
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
    "Appeal",
    "Assessment",
    "Batch",
    "Blob",
    "Brand",
    "Case",
    "Category",
    "Decision",
    "DiversionTarget",
    "Evidence",
    "Feed",
    "LedgerEntry",
    "Mail",
    "Mailbox",
    "Message",
    "Posting",
    "ProtectedName",
    "Receipt",
    "Report",
    "Reporter",
    "ReporterKey",
    "ReporterMail",
    "Rule",
    "SigningKey",
    "Statement",
    "Stay",
    "Submission",
    "Suspension",
    "Template",
    "Weight",
]
