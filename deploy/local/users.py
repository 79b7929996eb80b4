"""The unprivileged user under which servers run when we are root."""

import os
import pwd
import subprocess
from pathlib import Path


def unprivileged(*names: str) -> pwd.struct_passwd | None:
    """The first of `names` that exists, or nobody; None where we are an ordinary user and stay what we are."""
    if os.geteuid() != 0:
        return None
    for name in names:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return pwd.getpwnam("nobody")


def give(path: Path, user: pwd.struct_passwd | None) -> None:
    """Hand a file or directory of ours to the server's user."""
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)


def can_enter(path: Path, user: pwd.struct_passwd | None) -> bool:
    """Whether the user reaches the directory: root's own home is closed to everybody else."""
    if user is None:
        return os.access(path, os.X_OK)
    check = subprocess.run(
        ["test", "-x", str(path)], user=user.pw_uid, group=user.pw_gid, extra_groups=[], cwd="/", check=False
    )
    return check.returncode == 0
