"""Wordings: the words of categories and states for reporters. Titles are data of the desk: those that came with the platform
are translated, those that somebody changed are shown as they are.
"""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abuse.models import Report

# Named here so that the catalogue has them; see migration 0006.
CATEGORIES = (
    gettext_lazy("Sexual abuse of children"),
    gettext_lazy("Sexual exploitation of children"),
    gettext_lazy("Phishing"),
    gettext_lazy("Malware"),
    gettext_lazy("Botnet, command and control"),
    gettext_lazy("Threat intelligence"),
    gettext_lazy("Fraud, fake shop"),
    gettext_lazy("Imitation of a brand"),
    gettext_lazy("Private data exposed"),
    gettext_lazy("Suspicious name"),
    gettext_lazy("Hacked site"),
    gettext_lazy("Hacked server"),
    gettext_lazy("Infected device"),
    gettext_lazy("Attacks from a device"),
    gettext_lazy("Open or vulnerable service"),
    gettext_lazy("Spam"),
    gettext_lazy("Copyright, trade mark"),
    gettext_lazy("Listed elsewhere"),
    gettext_lazy("Other content"),
    gettext_lazy("Other infrastructure"),
    gettext_lazy("Something else"),
)
# For the cards of the form, by key.
HINTS = {
    "content/csam": gettext_lazy("Goes to two named people at once. You need not say who you are."),
    "content/phishing": gettext_lazy("A page that asks for passwords or card numbers in somebody else's name."),
    "content/malware": gettext_lazy("Something harmful to download, or a server that malware talks to."),
    "infrastructure/botnet": gettext_lazy("A server that gives orders to infected machines."),
    "content/fraud": gettext_lazy("A shop that does not deliver, false promises, stolen money."),
    "content/brand_infringement": gettext_lazy("A name or page that passes for a company or an office."),
    "content/exposed_data": gettext_lazy("Somebody's private data, published against their will."),
    "infrastructure/compromised_server": gettext_lazy(
        "Its owner is a victim too: we tell them, so that they can mend it."
    ),
    "connection/*": gettext_lazy("Log-in attempts, scans, floods. Often the owner does not know."),
    "messaging/*": gettext_lazy("Mails or messages that advertise the name."),
    "copyright/*": gettext_lazy("Not abuse of DNS: we forward it to the customer."),
    "other/unclassified": gettext_lazy("A person reads it and decides what it is."),
}
EVIDENCE = (
    gettext_lazy("The address of the page. Do not attach or send pictures."),
    gettext_lazy("A hotline's reference, if there is one."),
    gettext_lazy("The whole address of the page."),
    gettext_lazy("Whom it imitates."),
    gettext_lazy("A screenshot, or the mail that led there with its headers."),
    gettext_lazy("The address that serves it, or host and port."),
    gettext_lazy("SHA-256 of the file, or its family."),
    gettext_lazy("A sandbox's report or log lines with times."),
    gettext_lazy("Host and port that bots contact."),
    gettext_lazy("The family, and how you know."),
    gettext_lazy("Log lines or a capture with times."),
    gettext_lazy("What was promised and what happened."),
    gettext_lazy("A screenshot or receipt."),
    gettext_lazy("Which brand, and your right to it."),
    gettext_lazy("A screenshot."),
    gettext_lazy("Whose data it is."),
    gettext_lazy("Log lines with times."),
    gettext_lazy("Log lines with times, addresses and ports."),
    gettext_lazy("The mail with all its headers."),
    gettext_lazy("The work, and your right to it."),
    gettext_lazy("The whole address of each copy."),
    gettext_lazy("What you saw, where and when."),
)

STATES = {
    Report.State.MATCHING: gettext_lazy("being read"),
    Report.State.OPEN: gettext_lazy("being worked on"),
    Report.State.DUPLICATE: gettext_lazy("the same as an earlier report, which is being worked on"),
    Report.State.NOT_OURS: gettext_lazy("not a name of ours"),
    Report.State.WITHDRAWN: gettext_lazy("taken back"),
    Report.State.CLOSED: gettext_lazy("answered"),
}
OUTCOMES = {
    Report.Outcome.UPHELD: gettext_lazy("Upheld: we acted."),
    Report.Outcome.INFORMED: gettext_lazy("We informed the customer, who is taken for the victim."),
    Report.Outcome.FORWARDED: gettext_lazy("Forwarded to who can act."),
    Report.Outcome.REJECTED: gettext_lazy("Not upheld."),
    Report.Outcome.INSUFFICIENT: gettext_lazy("There was too little evidence to act."),
    Report.Outcome.ALREADY_DONE: gettext_lazy("We had acted before your report came."),
    Report.Outcome.NOT_OURS: gettext_lazy("The name is not under our domains: we cannot act."),
}

# Of receipts, in the order in which people ask: what, about what, when, how to tell.
RECEIPT_FIELDS = {
    "kind": gettext_lazy("Receipt of"),
    "name": gettext_lazy("Name"),
    "action": gettext_lazy("Decision"),
    "state": gettext_lazy("State"),
    "received_at": gettext_lazy("Received"),
    "decided_at": gettext_lazy("Decided"),
    "ends_at": gettext_lazy("Ends"),
    "undone_at": gettext_lazy("Undone"),
    "proof_of": gettext_lazy("Answered so by every nameserver after the"),
    "proven_at": gettext_lazy("Proven"),
    "nameservers": gettext_lazy("Nameservers asked"),
    "answer_count": gettext_lazy("Answers"),
    "answers_sha256": gettext_lazy("SHA-256 of the answers"),
    "effect_of": gettext_lazy("Effect of"),
    "line_count": gettext_lazy("Lines of the order"),
    "name_count": gettext_lazy("Names acted on"),
    "proven_count": gettext_lazy("Proven at every nameserver"),
    "server_count": gettext_lazy("Nameservers asked"),
    "is_automatic": gettext_lazy("Decided by a program alone"),
    "sha256": gettext_lazy("SHA-256 of what came in"),
    "size": gettext_lazy("Octets"),
    "door": gettext_lazy("Came by"),
    "case": gettext_lazy("Case"),
    "order_kind": gettext_lazy("Asks for"),
    "reference": gettext_lazy("File number"),
    "filed_at": gettext_lazy("Filed"),
    "due_at": gettext_lazy("Answer due"),
    "files": gettext_lazy("Files, with their SHA-256 and octets"),
    "issuer": gettext_lazy("Signed by"),
    "issued_at": gettext_lazy("Signed"),
    "key": gettext_lazy("Signing key"),
    "id": gettext_lazy("Number of the receipt"),
    "order": gettext_lazy("Number of the order"),
    "report": gettext_lazy("Number of the effect report"),
    "submission": gettext_lazy("Number of what came in"),
    "entry": gettext_lazy("Number of the entry"),
    "hash": gettext_lazy("Hash of the entry"),
    "version": gettext_lazy("Version"),
}
RECEIPT_KINDS = {
    "submission": gettext_lazy("a report"),
    "decision": gettext_lazy("a decision"),
    "appeal": gettext_lazy("an objection"),
    "order": gettext_lazy("an order of an authority"),
    "ledger_head": gettext_lazy("the ledger's last entry"),
    "effect": gettext_lazy("the effect of an authority's order"),
}
EFFECT_OF = {"act": gettext_lazy("what was done"), "undoing": gettext_lazy("its undoing")}
# What is hashed is not what came in there.
_OF_EFFECT = {"sha256": gettext_lazy("SHA-256 of the report's text")}
PROOF_OF = {"decision": gettext_lazy("decision"), "undoing": gettext_lazy("undoing")}
_WORDS: Mapping[str, Mapping[str, object]] = {"kind": RECEIPT_KINDS, "proof_of": PROOF_OF}


def facts(body: Mapping[str, object]) -> list[tuple[str, str]]:
    """A receipt's payload as people read it: fields that are known first, by their names; the others as they are called."""
    words_of = RECEIPT_FIELDS | _OF_EFFECT if body.get("kind") == "effect" else RECEIPT_FIELDS
    known = [(str(words), name) for name, words in words_of.items() if name in body]
    others = [(name, name) for name in body if name not in RECEIPT_FIELDS]
    return [(words, _value(name, body[name])) for words, name in [*known, *others] if body[name] is not None]


def _value(name: str, value: object) -> str:
    if name in _WORDS:
        return str(_WORDS[name].get(str(value), value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name == "files" and isinstance(value, list) and all(isinstance(each, dict) for each in value):
        return "; ".join(" ".join(str(each.get(part, "")) for part in ("role", "sha256", "size")) for each in value)
    if name.endswith("_at") and isinstance(value, str):
        # Ours are in UTC; of anything else nothing is cut off.
        return f"{value[:19].replace('T', ' ')} UTC" if value.endswith("+00:00") else value
    return str(value)


def translated(text: str) -> str:
    """Words of the desk's data, in the language that is active if the catalogue has them."""
    return _(text) if text else ""
