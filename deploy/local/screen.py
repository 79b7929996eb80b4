"""The one screen that ./run ends its start with."""

import json
import shlex
import sys
from pathlib import Path

from .data_directory import DataDirectory

SAMPLE_ADDRESS = "203.0.113.7"

SCREEN = """
  Web pages     {web}
                customer  {username}  {password}
  Admin         {web}/admin/
                staff     {staff_username}  {staff_password}
  Abuse         {web}/abuse/ is how anybody reports, {web}/admin/abuse/case/ where staff decide

  Update {hostname}:
    curl -u '{username}:{update_key}' '{web}/nic/update?hostname={hostname}&myip={address}'

  See it in DNS, with one of:
    dig +short @{host} -p {port} {hostname}
    nslookup -port={port} {hostname} {host}
    {python} -c {one_liner}

  The nameserver is a small one for trying and testing. The same facts: {facts}
  Logs: {logs}/*.log
  Mails, such as those of sign-ups: {logs}/web.log
  Ctrl-C stops everything.
"""

ONE_LINER = (
    'import dns.resolver; r = dns.resolver.Resolver(configure=False); r.nameservers = ["{host}"]; r.port = {port}; '
    'print(*r.resolve("{hostname}", "A"))'
)


def screen(facts_file: Path, directory: DataDirectory) -> str:
    facts = json.loads(facts_file.read_text())
    web, server = facts["web"].rstrip("/"), facts["nameserver"]
    one_liner = ONE_LINER.format(**server, hostname=facts["hostname"])
    return SCREEN.format(
        **facts | server | {"web": web},
        address=SAMPLE_ADDRESS,
        python=shlex.quote(sys.executable),
        one_liner=shlex.quote(one_liner),
        facts=facts_file,
        logs=directory.path / "log",
    )
