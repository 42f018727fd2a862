"""Making and keeping admins from the command line: nothing else makes one (SECURITY.md Admins)."""

import os
import pty
import re
import sqlite3
import subprocess
import sys
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from core.exits import Exit
from tests.bot.edges.machine import Machine

PASSWORD = "correct horse battery"
ADMIN = ("admin", "create", "--phone", "138 0013 8000", "--name", "王芳", "--password-stdin")


def test_an_admin_is_made_and_listed(clinic: Machine) -> None:
    made = clinic.run(*ADMIN, given=f"{PASSWORD}\n")
    assert (made.code, made.err) == (Exit.OK, "")
    assert "A1 王芳" in made.out
    listed = clinic.run("admin", "list").out
    assert "A1" in listed
    assert "13800138000" in listed
    assert PASSWORD.encode() not in (clinic.folder / "data/clinic.db").read_bytes()


def test_a_second_admin_cannot_have_the_same_phone(clinic: Machine) -> None:
    clinic.run(*ADMIN, given=PASSWORD)
    again = clinic.run(*ADMIN, given=PASSWORD)
    assert again.code == Exit.FAILED
    assert "An admin with this phone is there already" in again.sentence


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        (ADMIN, "short"),
        (ADMIN, ""),
        (ADMIN, "password123"),
        (("admin", "create", "--phone", "12345", "--name", "王芳", "--password-stdin"), PASSWORD),
        (("admin", "create", "--phone", "13800138000", "--name", " ", "--password-stdin"), PASSWORD),
    ],
)
def test_what_cannot_be_taken_is_said_and_makes_nothing(
    clinic: Machine, arguments: tuple[str, ...], given: str
) -> None:
    ended = clinic.run(*arguments, given=given)
    assert ended.code == Exit.FAILED
    assert ended.sentence
    assert "There is no admin yet" in clinic.run("admin", "list").out


def test_where_nobody_can_be_asked_what_is_missing_is_named(clinic: Machine) -> None:
    ended = clinic.run("admin", "create", "--name", "王芳", "--password-stdin", given="")
    assert ended.code == Exit.FAILED
    assert ended.err.splitlines()[-1] == "--phone is needed where nobody can be asked."


def test_at_a_terminal_it_asks_for_what_is_missing_and_shows_no_password(clinic: Machine) -> None:
    seen = at_terminal(
        clinic, ["admin", "create"], ["12345", "13800138000", "王芳", "short", "short", PASSWORD, PASSWORD]
    )
    assert "A1 王芳 is an admin now" in seen
    assert seen.count("Phone:") == 2  # the first answer was no phone, and was asked for again
    assert PASSWORD not in seen


@pytest.mark.slow  # four commands, each a process
def test_a_second_factor_is_shown_once_and_taken_away(clinic: Machine) -> None:
    clinic.run(*ADMIN, given=PASSWORD)
    made = clinic.run("admin", "second-factor", "A1")
    assert (made.code, made.err) == (Exit.OK, "")
    secret = parse_qs(urlsplit(re.search(r"otpauth://\S+", made.out)[0]).query)["secret"][0]  # type: ignore[index]
    codes = re.findall(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b", made.out)
    assert secret in re.sub(r"\s", "", made.out.split("Secret")[1])
    assert len(set(codes)) == 10
    kept = b"".join(file.read_bytes() for file in (clinic.folder / "data").glob("clinic.db*"))
    assert not [text for text in (secret, *codes, *(code.replace("-", "") for code in codes)) if text.encode() in kept]
    assert re.search(r"A1 .* yes ", clinic.run("admin", "list").out)
    assert "no second factor any more" in clinic.run("admin", "second-factor", "A1", "--remove").out
    clinic.set(ADMINS__SECOND_FACTOR="required")
    assert "without a second factor, who cannot log in: 1." in clinic.run("check").out
    again = clinic.run("admin", "second-factor", "A1", "--remove")
    assert (again.code, again.sentence) == (
        Exit.FAILED,
        "This admin has no second factor: `python -m bot admin list` shows who has.",
    )


def at_terminal(machine: Machine, arguments: list[str], answers: list[str]) -> str:
    """Runs a command at a terminal, answering each prompt with the next answer; returns all that was seen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        cwd=machine.folder,
        env=machine.whole_environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    seen, waiting = b"", list(answers)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the process has closed its end
            break
        if not piece:
            break
        seen += piece
        if waiting and seen.endswith(b": "):
            os.write(ours, waiting.pop(0).encode() + b"\n")
    os.close(ours)
    assert process.wait(10) == Exit.OK, seen.decode()
    return seen.decode()


def test_the_last_active_admin_stays(clinic: Machine) -> None:
    clinic.run(*ADMIN, given=PASSWORD)
    ended = clinic.run("admin", "suspend", "A1")
    assert ended.code == Exit.FAILED
    assert "last active admin" in ended.sentence


def test_an_admin_is_suspended_restored_and_given_a_new_password(clinic: Machine) -> None:
    clinic.run(*ADMIN, given=PASSWORD)
    clinic.run("admin", "create", "--phone", "13900139000", "--name", "李明", "--password-stdin", given=PASSWORD)
    assert clinic.run("admin", "suspend", "a2").code == Exit.OK
    assert "suspended" in clinic.run("admin", "list").out
    again = clinic.run("admin", "suspend", "A2")
    assert (again.code, again.sentence) == (Exit.FAILED, "This account is suspended already. Nothing was changed.")
    assert clinic.run("admin", "restore", "A2").code == Exit.OK
    assert clinic.run("admin", "reset-password", "A2", "--password-stdin", given="another good one").code == Exit.OK
    with sqlite3.connect(clinic.folder / "data/clinic.db") as rows:
        acts = [action for (action,) in rows.execute("SELECT action FROM audit WHERE channel = 'cli' ORDER BY id")]
    assert acts == [
        "account.create_admin",
        "account.create_admin",
        "account.suspend",
        "account.restore",
        "account.set_password",
    ]


@pytest.mark.parametrize(("account", "said"), [("A9", "no such account"), ("nobody", "letter and its number")])
def test_an_account_that_is_not_there_is_said(clinic: Machine, account: str, said: str) -> None:
    ended = clinic.run("admin", "restore", account)
    assert ended.code == Exit.FAILED
    assert said in ended.sentence
