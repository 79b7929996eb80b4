"""Rows about reports and decisions. Nothing here is deleted before its retention ends."""

from abuse.models.appeals import Appeal
from abuse.models.assessments import Assessment
from abuse.models.blobs import Blob
from abuse.models.brands import Brand
from abuse.models.cases import Case
from abuse.models.categories import Category
from abuse.models.decisions import Decision
from abuse.models.diversions import DiversionTarget
from abuse.models.feeds import Feed
from abuse.models.ledger import LedgerEntry
from abuse.models.policy import Rule, Weight
from abuse.models.receipts import Receipt, SigningKey
from abuse.models.reporters import Reporter, ReporterKey
from abuse.models.reports import Evidence, Report
from abuse.models.statements import Message, Statement, Template
from abuse.models.stays import Stay
from abuse.models.submissions import Submission
from abuse.models.suspensions import Suspension

__all__ = [
    "Appeal",
    "Assessment",
    "Blob",
    "Brand",
    "Case",
    "Category",
    "Decision",
    "DiversionTarget",
    "Evidence",
    "Feed",
    "LedgerEntry",
    "Message",
    "Receipt",
    "Report",
    "Reporter",
    "ReporterKey",
    "Rule",
    "SigningKey",
    "Statement",
    "Stay",
    "Submission",
    "Suspension",
    "Template",
    "Weight",
]
