"""The independent checker: what the database holds, what the sandbox saw and what people did must be one story.

It reads the database by SQL of its own, the photo folder by its files, and runs `audit verify` as an operator would.
"""

import asyncio
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.world import World
from tests.faults.books import Row, rows
from tests.faults.people import PASSWORD, Person
from tests.faults.record import Record

# What comes beside the script's own screens: a remark on the answer before, news, a card brought up to date.
_ASIDES: Final = re.compile(r"手机号：1[0-9]{10}（未验证）|您的证件 C-|C-[0-9A-Z]{6} \u2068")
_TABLES: Final = {
    "inbox": "SELECT * FROM inbox ORDER BY seq",
    "accounts": "SELECT * FROM accounts ORDER BY id",
    "profiles": "SELECT * FROM profiles",
    "sessions": "SELECT * FROM sessions",
    "chats": "SELECT * FROM chats",
    "outbox": "SELECT * FROM outbox ORDER BY id",
    "audit": "SELECT * FROM audit ORDER BY id",
    "submissions": "SELECT * FROM submissions",
    "decisions": "SELECT * FROM decisions",
    "submission_files": "SELECT * FROM submission_files",
    "photo_removals": "SELECT * FROM photo_removals",
}
_TOLD: Final = frozenset({"certificate_approved", "certificate_refused"})


@dataclass(frozen=True)
class Evidence:
    """All that is left of a run.

    Args:
        environment: of the bot's process, for its commands.
        photos: the folder of the photo store.
        world: the sandbox; `record`: what the bot called there.
        people: who walked, and what each did.
    """

    environment: Mapping[str, str]
    photos: Path
    world: World
    record: Record
    people: Sequence[Person]

    @property
    def database_url(self) -> str:
        """Of the database the bot worked on."""
        return self.environment["CLINIC_BOT__STORAGE__DATABASE_URL"]


class _Books:
    """The tables as they lie there, and who is who in them."""

    def __init__(self, tables: Mapping[str, list[Row]]) -> None:
        self.tables = tables
        self.number_of = {row["id"]: row["number"] for row in tables["submissions"]}
        self.owner_of = {row["number"]: row["account_id"] for row in tables["submissions"]}

    def __getitem__(self, table: str) -> list[Row]:
        return self.tables[table]


async def faults(evidence: Evidence) -> list[str]:
    """A sentence for everything that was lost, doubled, mixed up or left over; none when all is well."""
    books = _Books({name: await rows(evidence.database_url, sql) for name, sql in _TABLES.items()})
    return [
        *_updates(evidence, books),
        *_accounts(evidence, books),
        *_answers(evidence, books),
        *_deeds(evidence, books),
        *_decisions(evidence, books),
        *_photos(evidence, books),
    ]


async def check(evidence: Evidence) -> None:
    """Raises AssertionError, which names every fault."""
    found = [*await faults(evidence), *await audit_faults(evidence)]
    assert not found, "\n".join(found)


def _updates(evidence: Evidence, books: _Books) -> Iterator[str]:
    """Each update that Telegram made is in the inbox once, is handled, and left nothing of what was typed."""
    made = set(evidence.world.acts)
    taken = Counter(row["update_id"] for row in books["inbox"])
    yield from (f"update {number} was never taken" for number in made - taken.keys())
    yield from (f"update {number} was never made" for number in taken.keys() - made)
    yield from (f"update {number} was taken {times} times" for number, times in taken.items() if times > 1)
    for row in books["inbox"]:
        if row["parked_at"] is not None:
            yield f"update {row['update_id']} was set aside: {row['error']}"
        elif row["done_at"] is None:
            yield f"update {row['update_id']} was never handled"
        elif row["payload"] is not None:
            yield f"update {row['update_id']} is handled and still readable"


def _accounts(evidence: Evidence, books: _Books) -> Iterator[str]:
    """There is an account for each person who was told so, with their answers in it, and no other."""
    there = [
        (row["role"], row["phone"], row["name"], row["sex"], str(row["birth_date"] or ""), row["state"])
        for row in books["accounts"]
    ]
    due = [
        (
            person.role,
            person.phone,
            person.name,
            "female" if person.role == "patient" else "undisclosed",
            "1990-01-31" if person.role == "patient" else "",
            "active",
        )
        for person in evidence.people
        if person.role == "admin" or any("已注册好" in text for text in evidence.record.texts(person.chat.id))
    ]
    yield from (f"there is an account too many: {account}" for account in (Counter(there) - Counter(due)).elements())
    yield from (f"an account is missing: {account}" for account in (Counter(due) - Counter(there)).elements())
    addresses = {row["account_id"]: row["address"] for row in books["profiles"]}
    for person, account in _with_accounts(evidence, books):
        if person.address != addresses.get(account["id"]):
            yield f"{person.name} {person.phone} lives in {addresses.get(account['id'])!r}, not {person.address!r}"
    living = Counter(row["telegram_user_id"] for row in books["sessions"] if row["ended_at"] is None)
    for person, account in _with_accounts(evidence, books):
        if living.pop(person.chat.id, 0) != 1:
            yield f"{person.name} {person.phone} is not logged in once"
        logins = sum(row["account_id"] == account["id"] for row in books["sessions"])
        if logins != person.acts["login.done"] + person.acts["account.register"]:
            yield f"{person.name} {person.phone} has {logins} logins"
    yield from (f"Telegram user {user} is logged in and should not be" for user in living)


def _answers(evidence: Evidence, books: _Books) -> Iterator[str]:
    """Each person saw what their script leads to, in its order, and the last of it; no password lies in a chat."""
    for person in evidence.people:
        at = -1
        for text in evidence.record.texts(person.chat.id):
            if at + 1 < len(person.walked) and person.walked[at + 1] in text:
                at += 1
            elif not (at >= 0 and person.walked[at] in text) and not _ASIDES.match(text):
                yield f"{person.name} {person.phone} read out of turn, after {person.walked[at]!r}: {text!r}"
        if at + 1 < len(person.walked):
            yield f"{person.name} {person.phone} never read {person.walked[at + 1]!r}"
        chats = [chat for bot in evidence.world.bots.values() if (chat := bot.chats.get(person.chat.id))]
        messages = [message for chat in chats for message in chat.messages.values()]
        left = any(message.text == PASSWORD and not message.deleted for message in messages)
        if left and not any("密码" in message.text and "删除" in message.text for message in messages):
            yield f"the password of {person.name} {person.phone} lies in the chat, and nobody said so"
    yield from (f"an answer to {row['person_id']} was never shown" for row in books["chats"] if row["pending"])


def _deeds(evidence: Evidence, books: _Books) -> Iterator[str]:
    """The audit has each act of each person as often as it was done."""
    done: dict[str, Counter[str]] = {}
    for row in books["audit"]:
        if row["actor"] is not None:
            done.setdefault(row["actor"], Counter())[row["action"]] += 1
    for person, account in _with_accounts(evidence, books):
        found = done.get(account["pseudonym"], Counter())
        if found != person.acts:
            yield f"{person.name} {person.phone} did {dict(person.acts)}, and the audit says {dict(found)}"


def _decisions(evidence: Evidence, books: _Books) -> Iterator[str]:
    """Each attempt is decided once, as the admin did, and its doctor was told: at least once, seldom twice."""
    told = {number: text for person in evidence.people for number, text in person.told.items()}
    decided = Counter(books.number_of[row["submission_id"]] for row in books["decisions"])
    yield from (f"{number} was never decided" for number in told.keys() - decided.keys())
    yield from (f"{number} was decided {times} times" for number, times in decided.items() if times != 1)
    yield from (f"{number} is an attempt that nobody sent" for number in books.owner_of.keys() - told.keys())
    yield from (f"{number} is an attempt that is lost" for number in told.keys() - books.owner_of.keys())
    for row in books["outbox"]:
        if row["sent_at"] is None:
            yield f"notice {row['id']} ({row['kind']}) was never sent: {row['error']}"
    for person in evidence.people:
        texts = evidence.record.texts(person.chat.id)
        for number, text in person.told.items():
            times = sum(number in shown and text in shown and shown.startswith("您的证件") for shown in texts)
            tried = sum(
                row["attempts"]
                for row in books["outbox"]
                if row["telegram_user_id"] == person.chat.id and row["kind"] in _TOLD
            )
            if not 1 <= times <= tried:
                yield f"{person.name} {person.phone} was told of {number} {times} times, in {tried} attempts"


def _photos(evidence: Evidence, books: _Books) -> Iterator[str]:
    """Each photo that a row names lies in the store whole; what no row names is noted, to be taken out."""
    lying = {
        str(path.relative_to(evidence.photos)): path.stat().st_size
        for path in evidence.photos.rglob("*")
        if path.is_file()
    }
    named = {row["path"]: row["size"] for row in books["submission_files"] if row["path"]}
    noted = {row["path"] for row in books["photo_removals"]}
    yield from (f"photo {name} is named and is not there" for name in named.keys() - lying.keys())
    yield from (f"photo {name} is cut off" for name in named.keys() & lying.keys() if lying[name] < named[name])
    yield from (f"photo {name} is named and will be taken out" for name in named.keys() & noted)
    # A put that was cut off leaves the name with a number behind it; it goes with the photo of that name.
    orphans = {name for name in lying if name.partition("#")[0] not in named.keys() | noted}
    yield from (f"photo {name} is an orphan" for name in orphans)


async def audit_faults(evidence: Evidence) -> list[str]:
    """The chain is whole, by the operator's own command; every entry is in it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "audit", "verify"),
        env={**os.environ, **evidence.environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    found = [f"the audit is broken: {said.decode()}"] if process.returncode else []
    numbers = [row["number"] for row in await rows(evidence.database_url, _TABLES["audit"])]
    if sorted(numbers, key=lambda number: number or 0) != list(range(1, len(numbers) + 1)):
        found.append(f"the audit's numbers are not 1 to {len(numbers)}")
    return found


def _with_accounts(evidence: Evidence, books: _Books) -> Iterator[tuple[Person, Row]]:
    account_of = {(row["role"], row["phone"]): row for row in books["accounts"]}
    for person in evidence.people:
        if account := account_of.get((person.role, person.phone)):
            yield person, account
