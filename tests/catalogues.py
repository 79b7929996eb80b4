"""Reads catalogues of messages as translators write them (.po), without GNU gettext."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_FIELD = re.compile(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[\d+\])?) (".*")')


@dataclass
class Message:
    """Its fields by the names that they have in the file; the header has an empty msgid."""

    fields: dict[str, str] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)

    @property
    def originals(self) -> list[str]:
        return [self.fields[name] for name in ("msgid", "msgid_plural") if name in self.fields]

    @property
    def translations(self) -> list[str]:
        return [text for name, text in self.fields.items() if name.startswith("msgstr")]


def read(catalogue: Path) -> Iterator[Message]:
    for paragraph in catalogue.read_text().strip().split("\n\n"):
        message, name = Message(), ""
        for line in paragraph.splitlines():
            if line.startswith("#,"):
                message.flags |= set(line[2:].replace(" ", "").split(","))
            elif found := _FIELD.fullmatch(line):
                name = found[1]
                message.fields[name] = ast.literal_eval(found[2])
            elif line.startswith('"'):
                message.fields[name] += ast.literal_eval(line)
        if message.fields:
            yield message
