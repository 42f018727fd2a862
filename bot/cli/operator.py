"""What the operator's commands share: the core over the database, acts, and sentences for what was refused."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from bot.acts import sentence
from bot.catalogue import catalogue_of
from core import logs
from core.clock import utc_now
from core.core import Core
from core.errors import CoreError
from core.exits import Failure
from core.settings import Secrets, load_secrets, load_settings
from core.unit import Channel, UnitOfWork
from storage.database import Database
from storage.opening import opened_for_operator

# Where an operator needs another sentence than a person in a chat does.
_SENTENCES: Final = {
    "phone.taken": "An admin with this phone is there already: `python -m bot admin list` shows them.",
    "account.unknown": "There is no such account: `python -m bot admin list` shows the admins.",
    "account.wrong_number": "An account is named by its role's letter and its number, like A1.",
    "account.not_admin": "Only admins have a second factor: `python -m bot admin list` shows them.",
    "account.no_second_factor": "This admin has no second factor: `python -m bot admin list` shows who has.",
    "account.last_admin": "This is the last active admin: create or restore another one first.",
    "audit.missing": "The audit is broken: entry {number} is missing, or not in its place.",
    "audit.changed": "The audit is broken: entry {number}, or the one before it, is not what was sealed.",
    "audit.unknown_key": "Entry {number} of the audit was sealed with a key that is not in the audit keys: "
    "add that key behind the present one.",
    "audit.head_missing": "The audit is broken: it has {number} sealed entries and the given head is not among them; "
    "its end was cut off, or it was made anew.",
}


@dataclass(frozen=True, slots=True)
class Operator:
    """The one who sits at the machine: what they do is not subject to a role, and is audited as done by the CLI."""

    core: Core
    secrets: Secrets
    database: Database

    @asynccontextmanager
    async def act(self) -> AsyncIterator[UnitOfWork]:
        """One act in one transaction. What the core refuses becomes a Failure, and nothing is changed."""
        try:
            async with self.database.write() as conn:
                yield UnitOfWork(conn, utc_now(), Channel.CLI)
        except CoreError as error:
            raise Failure(self.wording(error)) from None

    def wording(self, error: CoreError) -> str:
        """What was refused, in one English sentence."""
        own = _SENTENCES.get(error.code)
        if own is not None:
            return own.format_map(error.params)
        return catalogue_of(self.core.settings).render(sentence(error), "en")


@asynccontextmanager
async def operator() -> AsyncIterator[Operator]:
    """Opens what a command needs. Raises SettingsError or StorageError."""
    settings = load_settings()
    logs.set_up(settings.logging)
    keys = load_secrets(settings)
    async with opened_for_operator(settings.storage.database_url) as database:
        core = Core(settings, keys)
        try:
            yield Operator(core, keys, database)
        finally:
            core.close()
