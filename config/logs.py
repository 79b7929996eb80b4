"""Logs: without the tokens of links, which open what they lead to for whoever reads them."""

import logging
import re

# Those of mails: renew, unsubscribe, a customer's cases, a reporter's reports.
_LINK = re.compile(r"(/(?:abuse/c|abuse/reports|renew|unsubscribe)/)[^/\s\"'?]+")


class WithoutLinks(logging.Filter):
    """Shortens a record's message; never drops it."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if (shown := _LINK.sub(r"\1…", said)) != said:
            record.msg, record.args = shown, ()
        return True
