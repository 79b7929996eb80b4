"""Messages on a case."""

from abuse.models import Case, Message, Report
from ddns.models import User


def say(
    case: Case, *, side: str, text: str, author: User | None, is_ours: bool, report: Report | None = None
) -> Message:
    return Message.objects.create(case=case, side=side, text=text, author=author, is_ours=is_ours, report=report)
