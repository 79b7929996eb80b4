"""Rows about reports and decisions. Nothing here is deleted before its retention ends."""

from abuse.models.appeals import Appeal
from abuse.models.blobs import Blob
from abuse.models.cases import Case
from abuse.models.categories import Category
from abuse.models.decisions import Decision
from abuse.models.diversions import DiversionTarget
from abuse.models.feeds import Feed
from abuse.models.ledger import LedgerEntry
from abuse.models.mails import Mail, Mailbox
from abuse.models.policy import Rule, Weight
from abuse.models.postings import Posting
from abuse.models.receipts import Receipt, SigningKey
from abuse.models.reporters import Reporter, ReporterKey
from abuse.models.reports import Evidence, Report
from abuse.models.statements import Message, Statement, Template
from abuse.models.submissions import Submission
from abuse.models.suspensions import Suspension

__all__ = [
    "Appeal",
    "Blob",
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
    "Receipt",
    "Report",
    "Reporter",
    "ReporterKey",
    "Rule",
    "SigningKey",
    "Statement",
    "Submission",
    "Suspension",
    "Template",
    "Weight",
]
