"""The data directory: secrets, lock, logs."""

import os
import stat

import pytest

from deploy.local.data_directory import DataDirectory, write_private
from deploy.local.errors import DirectoryInUse, DirectoryUnusable


def mode_of(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def directory(tmp_path):
    directory = DataDirectory(tmp_path / "deep" / "var")
    yield directory
    directory.close()


def test_secrets_are_made_once_and_private(directory):
    made = directory.secrets()
    assert directory.secrets() == made
    assert len(made.secret_key) >= 50
    assert mode_of(directory.path / "secrets.json") == 0o600
    assert mode_of(directory.path) == 0o700


def test_secrets_are_not_shown_by_repr(directory):
    secrets = directory.secrets()
    assert secrets.tsig_key.secret not in repr(secrets)
    assert secrets.secret_key not in repr(secrets)


def test_second_run_is_refused_and_told_who_holds_it(directory):
    with pytest.raises(DirectoryInUse, match=f"Process {os.getpid()} runs on"):
        DataDirectory(directory.path)


def test_lock_goes_with_its_holder(directory):
    directory.close()
    again = DataDirectory(directory.path)
    again.close()
    directory._lock = os.open(os.devnull, os.O_RDONLY)  # closed once more by the fixture


def test_file_in_the_way_names_the_variable(tmp_path):
    (tmp_path / "var").write_text("")
    with pytest.raises(DirectoryUnusable, match="DDNS_VAR"):
        DataDirectory(tmp_path / "var")


def test_private_file_is_replaced_with_its_mode(tmp_path):
    file = tmp_path / "facts"
    file.write_text("older")
    file.chmod(0o644)
    write_private(file, "newer")
    assert file.read_text() == "newer"
    assert mode_of(file) == 0o600
