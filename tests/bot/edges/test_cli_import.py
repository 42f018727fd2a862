"""Bringing in accounts, hospitals and departments from files, by the operator."""

import csv
import os
import pty
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.exits import Exit
from tests.bot.edges.machine import ROOT, Machine
from tests.bot.edges.test_cli_admin import at_terminal

pytestmark = pytest.mark.slow  # each starts a program; the rules of a line are told in tests/core/test_imports.py

HASH = "$2y$04$" + "." * 53
HEADER = "source_id,role,phone,name,password_hash"


def file(machine: Machine, name: str, *lines: str) -> str:
    (machine.folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return name


def rows(machine: Machine, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(machine.folder / "data/clinic.db") as database:
        return database.execute(query).fetchall()


def people(*phones: str) -> list[str]:
    return [HEADER, *(f"{number},patient,{phone},王小明,{HASH}" for number, phone in enumerate(phones, 1))]


def many(count: int) -> list[str]:
    return people(*(str(13_000_000_000 + number) for number in range(count)))


def test_accounts_come_in_once(clinic: Machine) -> None:
    old = file(clinic, "old.csv", *people("13812345678", "13912345678"))
    first = clinic.run("import", "accounts", old)
    assert (first.code, first.out, first.err) == (Exit.OK, "2 imported, 0 refused.\n", "")
    second = clinic.run("import", "accounts", old)
    assert (second.code, second.out, second.err) == (Exit.OK, "2 here already, 0 refused.\n", "")
    assert rows(clinic, "SELECT phone, password_hash FROM accounts") == [("13812345678", HASH), ("13912345678", HASH)]


def test_json_lines_say_the_same_with_numbers_and_nulls(clinic: Machine) -> None:
    old = file(
        clinic,
        "old.jsonl",
        f'{{"source_id": 1, "type": 0, "username": "example", "email": "me@example.com", "sex": 1, "age": 24, '
        f'"mobile": null, "certificat_checked": 2, "password_hash": "{HASH}"}}',
        "",
    )
    told = clinic.run("import", "accounts", old)
    assert (told.code, told.err) == (Exit.OK, "")
    assert told.out.splitlines() == [
        "Passed over: certificat_checked. Whether a certificate is good is decided here, never imported.",
        "1 imported, 0 refused.",
    ]
    assert rows(clinic, "SELECT role, username, sex, age, phone FROM accounts") == [
        ("doctor", "example", "female", 24, None)
    ]


def test_what_spreadsheets_write_is_read(clinic: Machine) -> None:
    lines = [f"{HEADER},address", f'1,patient,13812345678,王小明,{HASH},"和平路 1 号\r\n""甲"" 单元"', ""]
    (clinic.folder / "old.csv").write_text("\r\n".join(lines), encoding="utf-8-sig", newline="")
    assert clinic.run("import", "accounts", "old.csv").out == "1 imported, 0 refused.\n"
    assert rows(clinic, "SELECT address FROM profiles") == [('和平路 1 号\n"甲" 单元',)]


def test_refused_lines_are_told_with_their_number_and_the_others_are_taken(clinic: Machine) -> None:
    old = file(
        clinic,
        "old.csv",
        f"{HEADER},address",
        f'1,patient,13812345678,王小明,{HASH},"two\nlines"',
        f"2,admin,13900000000,王小明,{HASH},",
        f"3,patient,1381234,王小明,{HASH},",
        f"4,patient,13912345678,王小明,{HASH}",
        "",
        f"5,patient,13812345678,=cmd|'/c calc'!A0,{HASH},",
        f"6,patient,138 1234 5678,王小明,{HASH},",
        "7,patient,13700000000,王小明,my secret word,",
        f"8,patient,13600000000,王小明,{HASH},",
    )
    told = clinic.run("import", "accounts", old)
    assert told.code == Exit.FAILED
    assert told.sentence.startswith("Lines were refused")
    assert told.out.splitlines() == [
        "line 4: role: admin accounts are not imported",
        "line 5: phone: is too short, at least 11",
        "line 6: has 5 cells, the header 6",
        "line 8: name: has characters that it cannot have",
        "line 9: phone: belongs to another account",
        "line 10: password_hash: is no bcrypt hash ($2a$, $2b$ or $2y$, cost 4 to 16, 60 characters)",
        "2 imported, 6 refused.",
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "is no JSON"),
        ('["a"]', "is no JSON object"),
        ("1", "is no JSON object"),
        ('{"source_id": "1", "source_id": "2"}', "source_id: and source_id say the same"),
        ('{"source_id": 1.5}', "source_id: must be a text or a whole number"),
        ('{"source_id": true}', "source_id: must be a text or a whole number"),
        ('{"source_id": {"a": 1}}', "source_id: must be a text or a whole number"),
        ('{"phone": "\\ud800"}', "phone: has characters that it cannot have"),
        ('{"=cmd()": "1"}', "(unreadable name): is no known column"),
        ('{"password": "12345678"}', "password: is no known column"),
        ("[" * 100_000, "is no JSON"),
        ('{"age": ' + "9" * 5000 + "}", "is no JSON"),
    ],
)
def test_a_line_that_is_no_account_costs_itself_alone(clinic: Machine, line: str, reason: str) -> None:
    good = f'{{"source_id": 1, "role": "patient", "phone": "13812345678", "name": "王", "password_hash": "{HASH}"}}'
    told = clinic.run("import", "accounts", file(clinic, "old.jsonl", line, good))
    assert told.out.splitlines()[0].startswith(f"line 1: {reason}")
    assert told.out.splitlines()[1] == "1 imported, 1 refused."


UNUSABLE = [
    ("old.csv", HEADER.encode() + "\n1,patient,13812345678,王,".encode("gbk"), "is not UTF-8"),
    ("old.csv", HEADER.encode("utf-16"), "is not UTF-8"),
    ("old.csv", b"", "has no rows"),
    ("old.jsonl", b"\n\n", "has no rows"),
    ("old.csv", HEADER.encode(), "has no rows"),
    ("old.csv", f"{HEADER},password,id\n".encode(), "has columns that are not known: password, id."),
    ("old.csv", f"{HEADER},name\n".encode(), "has columns twice: name."),
    ("old.csv", f"1,patient,13812345678,hunter22,{HASH}\n".encode(), "missing: source_id, role or type, password_hash"),
    ("old.csv", f'{HEADER}\n1,patient,13812345678,"王,{HASH}\n'.encode(), "is no CSV from line 2 on"),
    ("old.csv", f"{HEADER}\n{'x' * 200_000}".encode(), "line 2: longer than"),
    ("old.jsonl", b'{"name": "' + b"x" * 200_000, "line 1: longer than"),
    ("old.xlsx", b"PK", "neither .csv nor .jsonl"),
]


@pytest.mark.parametrize(("name", "content", "said"), UNUSABLE)
def test_a_file_that_cannot_be_used_changes_nothing_and_is_told_in_one_sentence(
    clinic: Machine, name: str, content: bytes, said: str
) -> None:
    (clinic.folder / name).write_bytes(content)
    told = clinic.run("import", "accounts", name)
    assert told.code in {Exit.FAILED, Exit.USAGE}
    assert said in told.sentence
    assert told.out == ""
    for secret in ("13812345678", "hunter22", HASH):
        assert secret not in told.err


def test_a_fault_far_down_is_found_before_anything_is_written(clinic: Machine) -> None:
    content = "\n".join(many(600)).encode() + b"\n\xff"
    (clinic.folder / "old.csv").write_bytes(content)
    assert "is not UTF-8" in clinic.run("import", "accounts", "old.csv").sentence
    assert rows(clinic, "SELECT * FROM accounts") == []


@pytest.mark.parametrize(("name", "said"), [("none.csv", "No such file"), (".", "is not a file")])
def test_a_file_that_is_not_there_is_said(clinic: Machine, name: str, said: str) -> None:
    assert said in clinic.run("import", "accounts", name).sentence


def test_the_report_is_a_new_file_for_its_owner_that_says_no_more_than_it_must(clinic: Machine) -> None:
    old = file(clinic, "old.csv", *people("13812345678", "13812345678", "=1+1"))
    told = clinic.run("import", "accounts", old, "--report", "refused.csv")
    assert told.out == "1 imported, 2 refused.\n"
    report = clinic.folder / "refused.csv"
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    with report.open(newline="") as written:
        assert list(csv.reader(written)) == [
            ["line", "reason"],
            ["3", "phone: belongs to another account"],
            ["4", "phone: has characters that it cannot have"],
        ]
    assert b"138" not in report.read_bytes()


@pytest.mark.parametrize(("report", "said"), [("old.csv", "is there already"), ("no/such.csv", "cannot be written")])
def test_a_report_overwrites_nothing(clinic: Machine, report: str, said: str) -> None:
    old = file(clinic, "old.csv", *people("13812345678"))
    assert said in clinic.run("import", "accounts", old, "--report", report).sentence
    assert (clinic.folder / "old.csv").read_text().startswith(HEADER)
    assert rows(clinic, "SELECT * FROM accounts") == []


def test_a_dry_run_finds_what_the_run_will_find_and_writes_nothing(clinic: Machine) -> None:
    lines = many(1200)
    lines[1100] = lines[7]  # a batch later: the same line, and another with the same phone
    lines[1101] = lines[8].replace("8,", "9001,", 1)
    lines[1102] = lines[9].replace(",130", ",199")  # one's number with another's phone
    old = file(clinic, "old.csv", *lines)
    tried = clinic.run("import", "accounts", old, "--dry-run")
    assert tried.code == Exit.FAILED
    refused, another, counted = tried.out.splitlines()
    assert refused == "line 1102: phone: belongs to another account"
    assert another.startswith("line 1103: source_id: came in before as another account")
    assert counted == "Dry run, nothing written: 1197 imported, 1 here already, 2 refused."
    for table in ("accounts", "audit", "imported_accounts"):
        assert rows(clinic, f"SELECT * FROM {table}") == []
    done = clinic.run("import", "accounts", old)
    assert done.out.splitlines() == [refused, another, "1197 imported, 1 here already, 2 refused."]


def test_a_run_that_was_killed_goes_on_where_it_was(clinic: Machine) -> None:
    old = file(clinic, "old.csv", *many(4000))
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "import", "accounts", old], cwd=clinic.folder, env=clinic.whole_environment()
    )
    deadline = time.monotonic() + 30
    while not rows(clinic, "SELECT 1 FROM accounts LIMIT 1"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    ((came,),) = rows(clinic, "SELECT count(*) FROM accounts")
    assert isinstance(came, int)
    assert 0 < came < 4000
    assert came % 500 == 0
    again = clinic.run("import", "accounts", old)
    assert again.out == f"{came} here already, {4000 - came} imported, 0 refused.\n"


def test_a_bot_beside_it_gets_its_turn_to_write(clinic: Machine) -> None:
    old = file(clinic, "old.csv", *many(5000))
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "import", "accounts", old],
        cwd=clinic.folder,
        env=clinic.whole_environment(),
        stdout=subprocess.DEVNULL,
    )
    with sqlite3.connect(clinic.folder / "data/clinic.db", timeout=1, isolation_level=None) as bot:
        turns = 0
        while process.poll() is None:
            bot.execute("BEGIN IMMEDIATE")  # "database is locked" where none comes
            bot.execute("COMMIT")
            turns += 1
            time.sleep(0.01)
    assert process.returncode == Exit.OK
    assert turns > 10


def test_one_who_interrupts_hears_how_to_go_on(clinic: Machine) -> None:
    old = file(clinic, "old.csv", *many(20_000))
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "import", "accounts", old],
        cwd=clinic.folder,
        env=clinic.whole_environment(),
        stderr=subprocess.PIPE,
    )
    while not rows(clinic, "SELECT 1 FROM accounts LIMIT 1"):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == Exit.INTERRUPTED
    assert said.decode() == "Interrupted: the same command goes on from here, what is in is passed over.\n"


def test_at_a_terminal_a_bar_shows_how_far_it_is(clinic: Machine) -> None:
    seen = at_terminal(clinic, ["import", "accounts", file(clinic, "old.csv", *many(1500))], [])
    assert "Importing" in seen
    assert "1500 imported, 0 refused." in seen


def test_with_a_bar_on_the_terminal_refused_lines_still_reach_the_file_they_are_sent_to(clinic: Machine) -> None:
    old = file(clinic, "old.csv", *people("13812345678", "13812345678"))
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "bot", "import", "accounts", old],
        cwd=clinic.folder,
        env=clinic.whole_environment() | {"TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=False,
    )
    os.close(theirs)
    os.close(ours)
    assert done.stdout.decode().splitlines() == [
        "line 3: phone: belongs to another account",
        "1 imported, 1 refused.",
    ]


def test_a_history_needs_the_operators_word_that_there_is_a_consent(clinic: Machine) -> None:
    old = file(clinic, "old.csv", f"{HEADER},medical_history", f"1,patient,13812345678,王,{HASH},青霉素过敏")
    told = clinic.run("import", "accounts", old)
    assert told.out.startswith("line 2: medical_history: is taken only with --health-consent-recorded\n")
    assert clinic.run("import", "accounts", old, "--health-consent-recorded").code == Exit.OK
    assert rows(clinic, "SELECT kind, channel FROM consents") == [("health", "cli")]


def test_files_of_two_services_are_told_apart_by_their_names(clinic: Machine) -> None:
    clinic.run("import", "accounts", file(clinic, "a.csv", *people("13812345678")))
    other = file(clinic, "b.csv", *people("13912345678"))
    assert "a --source of its own" in clinic.run("import", "accounts", other).out
    assert clinic.run("import", "accounts", other, "--source", "b").out == "1 imported, 0 refused.\n"
    assert clinic.run("import", "accounts", other, "--source", "").code == Exit.USAGE


def test_hospitals_are_added_and_renamed_by_their_id(clinic: Machine) -> None:
    clinic.run("import", "hospitals", file(clinic, "a.csv", "id,name", "3,仁和医院", "4,和平医院"))
    told = clinic.run("import", "hospitals", file(clinic, "b.csv", "id,name", "3,仁和医院", "4,新和平医院"))
    assert (told.code, told.out) == (Exit.OK, "1 unchanged, 1 renamed, 0 refused.\n")
    assert rows(clinic, "SELECT id, name FROM hospitals ORDER BY id") == [(3, "仁和医院"), (4, "新和平医院")]
    assert rows(clinic, "SELECT action, subject, reasons, channel FROM audit") == [
        ("places.import", "hospitals", "added:2", "cli"),
        ("places.import", "hospitals", "renamed:1,unchanged:1", "cli"),
    ]


def test_a_department_of_the_clinics_own_joins_the_national_ones(clinic: Machine) -> None:
    before = len(rows(clinic, "SELECT id FROM departments"))
    told = clinic.run("import", "departments", file(clinic, "a.csv", "id,name", "101,国际门诊", "1,预防保健科"))
    assert told.out == "1 added, 1 unchanged, 0 refused.\n"
    assert len(rows(clinic, "SELECT id FROM departments")) == before + 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",仁和医院", "id: is needed"),
        ("0,仁和医院", "id: is not written as it should be"),
        ("2147483648,仁和医院", "id: is not written as it should be"),
        ("４x,仁和医院", "id: is not written as it should be"),
        ("4,", "name: is needed"),
        ("4," + "医" * 101, "name: is too long, at most 100"),
        ("4,a\u202eb", "name: has characters that it cannot have"),
        ("3,另一医院", "id: is there twice in this file, first on line 2"),
    ],
)
def test_a_hospital_that_is_none_is_refused(clinic: Machine, line: str, reason: str) -> None:
    told = clinic.run("import", "hospitals", file(clinic, "a.csv", "id,name", "3,仁和医院", line))
    assert told.code == Exit.FAILED
    assert told.out.splitlines() == [f"line 3: {reason}", "1 added, 1 refused."]
    assert rows(clinic, "SELECT id, name FROM hospitals") == [(3, "仁和医院")]


def test_a_dry_run_of_hospitals_writes_nothing(clinic: Machine) -> None:
    old = file(clinic, "a.csv", "id,name", "3,仁和医院")
    told = clinic.run("import", "hospitals", old, "--dry-run")
    assert told.out == "Dry run, nothing written: 1 added, 0 refused.\n"
    assert rows(clinic, "SELECT * FROM hospitals") == []
    assert rows(clinic, "SELECT * FROM audit") == []


def test_the_examples_of_the_page_are_taken(clinic: Machine) -> None:
    page = (ROOT / "docs/import.md").read_text(encoding="utf-8")
    accounts, hospitals = re.findall(r"^```csv\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert clinic.run("import", "hospitals", file(clinic, "hospitals.csv", hospitals)).code == Exit.OK
    assert clinic.run("import", "accounts", file(clinic, "accounts.csv", accounts)).out == "2 imported, 0 refused.\n"


def test_a_database_that_is_not_there_is_one_sentence(machine: Machine) -> None:
    told = machine.run("import", "hospitals", file(machine, "a.csv", "id,name", "3,仁和医院"))
    assert told.code == Exit.DATABASE
    assert "db upgrade" in told.sentence
    assert not Path(machine.folder / "refused.csv").exists()
