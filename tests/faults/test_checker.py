"""The checker itself: of a run that went well it says nothing, and of each thing that is tampered with it says so."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.databases import copy_sqlite
from tests.faults.checker import audit_faults, faults
from tests.faults.clinic import Clinic, clinic

Tamper = Callable[[Clinic, sqlite3.Connection], object]


def sql(statement: str) -> Tamper:
    """A change in the database, behind the product's back."""
    return lambda _here, conn: conn.execute(statement)


def doubled(table: str, columns: str, instead: str, where: str = "") -> Tamper:
    """A row once more, with what must be unique changed a little."""
    return sql(f"INSERT INTO {table} ({columns}) SELECT {instead} FROM {table} {where} LIMIT 1")


def unsaid(text: str) -> Tamper:
    """The sandbox's record, as if an answer had never been shown."""

    def tamper(here: Clinic, _conn: sqlite3.Connection) -> None:
        for shown in here.record.shown.values():
            shown[:] = [one for one in shown if text not in one.text]

    return tamper


def misplaced(here: Clinic, _conn: sqlite3.Connection) -> None:
    """Two answers of one person, in the wrong order."""
    shown = here.record.shown[here.people[1].chat.id]
    shown[1], shown[2] = shown[2], shown[1]


def orphan(here: Clinic, _conn: sqlite3.Connection) -> None:
    """A photo that no row names."""
    (here.photos / "certificate" / "ff").write_bytes(b"sealed")


def cut_photo(here: Clinic, _conn: sqlite3.Connection) -> None:
    """A photo half written."""
    photo = next(path for path in here.photos.rglob("*") if path.is_file())
    photo.write_bytes(photo.read_bytes()[:100])


ACCOUNT = "role, state, phone, name, sex, birth_date, pseudonym, created_at, updated_at"
TAMPERINGS: dict[str, tuple[Tamper, str]] = {
    "an update is lost": (sql("DELETE FROM inbox WHERE seq = 3"), "was never taken"),
    "an update is not handled": (sql("UPDATE inbox SET done_at = NULL WHERE seq = 3"), "was never handled"),
    "an update is set aside": (sql("UPDATE inbox SET parked_at = done_at WHERE seq = 3"), "was set aside"),
    "an update stays readable": (sql("UPDATE inbox SET payload = 'x' WHERE seq = 3"), "still readable"),
    "an account is doubled": (
        doubled("accounts", ACCOUNT, ACCOUNT.replace("phone,", "'13999999999',").replace("pseudonym", "'other'")),
        "an account too many",
    ),
    "an account is lost": (sql("UPDATE accounts SET state = 'suspended' WHERE id = 2"), "an account is missing"),
    "an answer in a form is lost": (sql("UPDATE accounts SET name = '别人' WHERE id = 2"), "an account is missing"),
    "a change is lost": (sql("UPDATE profiles SET address = NULL"), "lives in None"),
    "a login is doubled": (
        doubled(
            "sessions",
            "id, account_id, telegram_user_id, channel, created_at, last_used_at, expires_at, jti",
            "'other', account_id, 1, channel, created_at, last_used_at, expires_at, jti",
        ),
        "has 2 logins",
    ),
    "an answer was never shown": (sql("UPDATE chats SET pending = 'x'"), "was never shown"),
    "an answer is lost": (unsaid("您的住址是"), "never read '您的住址是？'"),
    "answers are mixed up": (misplaced, "read out of turn"),
    "who is told has no account": (unsaid("已注册好"), "an account too many"),
    "an act is doubled": (
        doubled("audit", "at, actor, action, channel", "at, actor, action, channel", "WHERE action = 'profile.change'"),
        "'profile.change': 3",
    ),
    "an act is forgotten": (sql("DELETE FROM audit WHERE number = 4"), "the audit is broken"),
    "an entry of the audit is flipped": (
        sql("UPDATE audit SET at = '2020-01-01 00:00:00.000000' WHERE number = 3"),
        "the audit is broken",
    ),
    "a decision is lost": (sql("DELETE FROM decisions"), "was never decided"),
    "a decision is told twice": (sql("UPDATE outbox SET attempts = 0"), "in 0 attempts"),
    "a decision is not told": (unsaid("您的证件 C-"), "0 times"),
    "a notice is not sent": (sql("UPDATE outbox SET sent_at = NULL"), "was never sent"),
    "a photo is an orphan": (orphan, "is an orphan"),
    "a photo is cut off": (cut_photo, "is cut off"),
    "a photo will be taken out": (
        sql("INSERT INTO photo_removals (path, due_at) SELECT path, '2030-01-01 00:00:00' FROM submission_files"),
        "will be taken out",
    ),
    "a photo is gone": (
        sql("UPDATE submission_files SET path = 'certificate/none' WHERE position = 1"),
        "is not there",
    ),
}


@pytest.fixture
async def served(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Clinic]:
    """A patient and a doctor were served, and an admin has decided."""
    async with clinic(tmp_path, copy_sqlite(sqlite_template, tmp_path / "clinic.db")) as here:
        await here.bot.start()
        await here.bot.running()
        await here.open(patients=1, doctors=1)
        await here.close()
        await here.bot.stop()
        yield here


@pytest.mark.slow
async def test_the_checker_finds_whatever_is_tampered_with(served: Clinic, tmp_path: Path) -> None:
    path = tmp_path / "clinic.db"
    whole = path.read_bytes()
    photos = {photo: photo.read_bytes() for photo in served.photos.rglob("*") if photo.is_file()}
    shown = {chat: list(texts) for chat, texts in served.record.shown.items()}
    for name, (tamper, said) in TAMPERINGS.items():
        conn = sqlite3.connect(path)
        tamper(served, conn)
        conn.commit()
        conn.close()
        found = await (audit_faults if "audit" in said else faults)(served.evidence)
        assert any(said in fault for fault in found), (name, found)
        for left in path.parent.glob("clinic.db-*"):
            left.unlink()
        path.write_bytes(whole)
        for photo in served.photos.rglob("*"):
            if photo.is_file():
                photo.unlink()
        for photo, content in photos.items():
            photo.write_bytes(content)
        for chat, texts in shown.items():
            served.record.shown[chat][:] = texts
    assert await faults(served.evidence) == []
