"""Bringing in accounts, hospitals and departments from files, by the operator."""

import sqlite3

from core.exits import Exit
from tests.bot.edges.machine import Machine

HASH = "$2y$04$" + "." * 53
HEADER = "source_id,role,phone,name,password_hash"


def file(machine: Machine, name: str, *lines: str) -> str:
    (machine.folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return name


def rows(machine: Machine, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(machine.folder / "data/clinic.db") as database:
        return database.execute(query).fetchall()


def people(*phones: str) -> list[str]:
    return [HEADER, *(f"{number},patient,{phone},王小明,{HASH}" for number, phone in enumerate(phones, 1))]


def test_accounts_come_in_once(clinic: Machine) -> None:
    old = file(clinic, "old.csv", *people("13812345678", "13912345678"))
    first = clinic.run("import", "accounts", old)
    assert (first.code, first.out, first.err) == (Exit.OK, "2 imported, 0 refused.\n", "")
    second = clinic.run("import", "accounts", old)
    assert (second.code, second.out) == (Exit.OK, "2 here already, 0 refused.\n")
    assert rows(clinic, "SELECT phone, password_hash FROM accounts") == [("13812345678", HASH), ("13912345678", HASH)]


def test_a_dry_run_finds_what_is_wrong_and_writes_nothing(clinic: Machine) -> None:
    old = file(clinic, "old.csv", *people("13812345678", "13812345678", "nonsense"))
    tried = clinic.run("import", "accounts", old, "--dry-run")
    assert tried.code == Exit.FAILED
    assert "line 3: phone: belongs to another account" in tried.out
    assert rows(clinic, "SELECT * FROM accounts") == []
    assert rows(clinic, "SELECT * FROM audit") == []


def test_hospitals_are_added_and_renamed_by_their_id(clinic: Machine) -> None:
    clinic.run("import", "hospitals", file(clinic, "a.csv", "id,name", "3,仁和医院", "4,和平医院"))
    told = clinic.run("import", "hospitals", file(clinic, "b.csv", "id,name", "3,仁和医院", "4,新和平医院"))
    assert (told.code, told.out) == (Exit.OK, "1 unchanged, 1 renamed, 0 refused.\n")
    assert rows(clinic, "SELECT id, name FROM hospitals ORDER BY id") == [(3, "仁和医院"), (4, "新和平医院")]
