"""The unprivileged user under which servers run when we are root."""

import os
import pwd
import subprocess
from pathlib import Path

from .errors import DirectoryUnusable


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


def check_reach(directory: Path, user: pwd.struct_passwd | None) -> None:
    """Raises DirectoryUnusable where the server's user cannot enter it: root's home is closed to everybody else."""
    if user is None:
        return
    argv = ["test", "-x", str(directory)]
    # entered from / on purpose: our own working directory may be closed to the user as well
    done = subprocess.run(argv, user=user.pw_uid, group=user.pw_gid, extra_groups=[], cwd="/", check=False)
    if done.returncode != 0:
        raise DirectoryUnusable(f"The server runs as {user.pw_name}, who cannot enter {directory}.")
