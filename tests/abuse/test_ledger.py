"""The ledger: appended to, never changed, and the first entry that was is named."""

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from abuse import ledger
from abuse.errors import LedgerBroken
from abuse.models import LedgerEntry
from tests.abuse import rows
from tests.people import logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def entries(oscar) -> list[LedgerEntry]:
    return [
        ledger.append(actor=oscar, action="suspend", object=f"hostname {label}.ddns.test", reason="phishing – größer")
        for label in ("one", "two", "three")
    ]


def tamper(statement: str) -> None:
    """What somebody with all rights over the database can do."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE abuse_ledgerentry DISABLE TRIGGER USER")
        cursor.execute(statement)
        cursor.execute("ALTER TABLE abuse_ledgerentry ENABLE TRIGGER USER")


def test_entries_follow_one_another(entries):
    assert [entry.sequence for entry in entries] == [1, 2, 3]
    assert entries[0].previous_hash == ledger.GENESIS
    assert entries[2].previous_hash == entries[1].hash


def test_untouched_ledger_verifies(entries):
    assert ledger.verify() == ledger.Verified(3, entries[2].hash)


def test_empty_ledger_verifies(db):
    assert ledger.verify() == ledger.Verified(0, ledger.GENESIS)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE abuse_ledgerentry SET reason = 'none' WHERE sequence = 2",
        "UPDATE abuse_ledgerentry SET actor_name = 'mallory@example.com' WHERE sequence = 2",
        "UPDATE abuse_ledgerentry SET at = at - interval '1 day' WHERE sequence = 2",
        """UPDATE abuse_ledgerentry SET details = '{"account": 1}' WHERE sequence = 2""",
        "DELETE FROM abuse_ledgerentry WHERE sequence = 2",
    ],
)
def test_first_broken_entry_is_named(entries, statement):
    tamper(statement)
    with pytest.raises(LedgerBroken, match="entry 2 "):
        ledger.verify()


def test_a_changed_entry_with_a_new_hash_breaks_the_next(entries):
    forged = entries[1]
    forged.reason = "none"
    tamper(f"UPDATE abuse_ledgerentry SET reason = 'none', hash = '{ledger.hash_of(forged)}' WHERE sequence = 2")
    with pytest.raises(LedgerBroken, match="entry 3 does not follow"):
        ledger.verify()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE abuse_ledgerentry SET reason = 'none'",
        "DELETE FROM abuse_ledgerentry",
        "TRUNCATE abuse_ledgerentry",
        "TRUNCATE ddns_user CASCADE",
    ],
)
def test_database_refuses_changes(entries, statement):
    with connection.cursor() as cursor:
        # Else foreign keys that are still to be checked would keep TRUNCATE from coming to the trigger.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(statement)

    assert ledger.verify().entry_count == 3


def test_a_decision_without_a_person_is_the_systems(db):
    assert (
        ledger.append(actor=None, action="lift", object="hostname x.ddns.test", reason="expired").actor_name == "system"
    )


def test_command_says_how_many_and_the_last_hash(entries, capsys):
    call_command("verify_ledger")
    said = capsys.readouterr().out
    assert "3" in said
    assert entries[2].hash in said


def test_command_fails_on_a_broken_ledger(entries):
    tamper("UPDATE abuse_ledgerentry SET reason = 'none' WHERE sequence = 1")
    with pytest.raises(CommandError, match="entry 1 "):
        call_command("verify_ledger")


# --- A copy kept elsewhere ---------------------------------------------------------------------------------------


def kept(entry: LedgerEntry) -> str:
    return f"{entry.sequence}:{entry.hash}"


def test_every_entry_is_logged_once_it_is_committed(oscar, caplog, django_capture_on_commit_callbacks):
    caplog.set_level("INFO")
    with django_capture_on_commit_callbacks(execute=True):
        entry = ledger.append(actor=oscar, action="suspend", object="hostname x.ddns.test", reason="phishing")
        assert "ledger:" not in caplog.text
    assert [record.getMessage() for record in caplog.records if record.name == "abuse.ledger"] == [
        f"ledger: 1 {entry.hash}"
    ]


@pytest.mark.parametrize("number", [1, 3])
def test_a_ledger_that_goes_on_from_what_was_kept_holds(entries, capsys, number: int):
    call_command("verify_ledger", "--expect", kept(entries[number - 1]))
    assert f"Entry {number} is the one that was kept" in capsys.readouterr().out


def test_a_ledger_cut_off_at_its_end_is_found(entries):
    tamper("DELETE FROM abuse_ledgerentry WHERE sequence = 3")
    call_command("verify_ledger")
    with pytest.raises(CommandError, match="ends with entry 2, and entry 3 was kept") as failure:
        call_command("verify_ledger", "--expect", kept(entries[2]))
    assert failure.value.returncode == 1


def test_a_ledger_written_anew_is_found(entries, oscar):
    tamper("DELETE FROM abuse_ledgerentry")
    for _ in range(4):
        ledger.append(actor=oscar, action="lift", object="hostname one.ddns.test", reason="none")
    call_command("verify_ledger")
    with pytest.raises(CommandError, match="entry 2 is not the one that was kept"):
        call_command("verify_ledger", "--expect", kept(entries[1]))


@pytest.mark.parametrize("text", ["", "3", "3:", "x:" + "0" * 64, "3:" + "0" * 63, "3:" + "g" * 64])
def test_what_is_no_count_and_hash_is_refused(db, text: str):
    with pytest.raises(CommandError, match="is not COUNT:HASH"):
        call_command("verify_ledger", "--expect", text)


def test_entries_about_restricted_cases_are_for_named_people(oscar, root, home):
    case = rows.case(home, kind="content/csam")
    ledger.append(
        actor=root, action="suspend", object="hostname secret.ddns.test", reason="r", details={"case": case.pk}
    )
    ledger.append(actor=root, action="suspend", object="hostname open.ddns.test", reason="r", details={"case": 0})
    ledger.append(actor=root, action="lift", object="hostname old.ddns.test", reason="r", details={})

    def shown_to(user) -> list[str]:
        page = logged_in(user).get("/admin/abuse/ledgerentry/").content.decode()
        return [label for label in ("secret", "open", "old") if f"{label}.ddns.test" in page]

    assert shown_to(root) == ["secret", "open", "old"]
    assert shown_to(oscar) == ["open", "old"]
