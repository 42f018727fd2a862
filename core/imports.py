"""Accounts from the services that the documents come from: passwords and ids of hospitals kept, their own ids new.

Every rule of CONTRACT.md 1 holds for them; what breaks one is refused line by line. Their phones are unverified, and
the bot asks for the privacy consent at the first login (CONTRACT.md 3.13).
"""

import secrets
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, TypeAlias

from sqlalchemy.exc import IntegrityError

from core import accounts, profiles
from core.account import AccountState
from core.accounts import Accounts
from core.audit import Action, Audit
from core.consents import ConsentKind, Consents
from core.errors import AccountError, CoreError, InvalidValue, NotFound
from core.import_lines import ImportLine
from core.profiles import Profiles
from core.unit import UnitOfWork
from storage import imports as store
from storage import reference
from storage.errors import violated
from storage.tables.base import AnyRow

_TAKEN: Final = {**accounts.TAKEN, **profiles.TAKEN}
_LOGINS: Final = ("phone", "email_folded", "username_folded")


class Done(StrEnum):
    """What became of a line that was not refused."""

    IMPORTED = "imported"
    KNOWN = "here already"
    """It came in before, and is left as its account is now."""


Outcome: TypeAlias = Done | CoreError


class Imports:
    """Brings in accounts by the batch."""

    def __init__(self, *, accounts: Accounts, profiles: Profiles, consents: Consents, audit: Audit) -> None:
        self._accounts = accounts
        self._profiles = profiles
        self._consents = consents
        self._audit = audit

    async def take(
        self, uow: UnitOfWork, source: str, lines: Sequence[ImportLine], *, health_consent: bool = False
    ) -> list[Outcome]:
        """Makes an account of each line that is not here yet, and says what became of each, in order.

        `source` names the service; with it, a line's role and source_id say whether it came in before. Refusals are
        AccountError (`<field>.taken`, `source_id.another`, `medical_history.needs_consent`), NotFound
        (`hospital.unknown`, `department.unknown`) and InvalidValue (dates); each costs its own line alone.

        A medical history is health data, which needs a recorded consent (CONTRACT.md 1). Nobody can give one in
        another's name: so it is refused, unless `health_consent` says that the source holds these people's consent.
        Then the history is sealed and that consent is recorded as given through this channel.
        """
        await store.lock(uow.conn)
        known = {(row.role, row.source_id): row for row in await store.known(uow.conn, source, _ids(lines))}
        places = await self._places(uow, lines)
        taken = await store.taken(uow.conn, [unique for line in lines for unique in line.unique])
        outcomes: dict[int, Outcome] = {}
        new: dict[tuple[str, str], int] = {}
        again: list[int] = []
        for index, line in enumerate(lines):
            if line.key in known:
                outcomes[index] = _known(line, known[line.key])
            elif line.key in new:
                again.append(index)
            else:
                try:
                    await self._check(uow, line, places, health_consent=health_consent)
                    _take_unique(line, taken)
                except CoreError as error:
                    outcomes[index] = error
                else:
                    new[line.key] = index
        outcomes.update(zip(new.values(), await self._add(uow, source, [lines[i] for i in new.values()]), strict=True))
        if again:  # a key twice in one batch is treated as it is in two
            rest = await self.take(uow, source, [lines[i] for i in again], health_consent=health_consent)
            outcomes.update(zip(again, rest, strict=True))
        return [outcomes[index] for index in range(len(lines))]

    async def _places(self, uow: UnitOfWork, lines: Sequence[ImportLine]) -> Mapping[str, frozenset[int]]:
        """Which of the hospitals and departments that lines name are there."""
        return {
            place.column: await reference.existing(
                uow.conn, place, {line.profile[place.column] for line in lines if place.column in line.profile}
            )
            for place in reference.Place
        }

    async def _check(
        self, uow: UnitOfWork, line: ImportLine, places: Mapping[str, frozenset[int]], *, health_consent: bool
    ) -> None:
        if line.birth_date is not None:
            await self._accounts.check_birth_date(uow, line.birth_date)
        for column in ("created_at", "updated_at"):
            if line.account.get(column, uow.now) > uow.now:
                raise InvalidValue(f"{column}.in_future", field=column)
        for column, there in places.items():
            if line.profile.get(column) is not None and line.profile[column] not in there:
                raise NotFound(f"{column.removesuffix('_id')}.unknown", field=column)
        if line.medical_history is not None and not health_consent:
            raise AccountError("medical_history.needs_consent", field="medical_history")

    async def _add(self, uow: UnitOfWork, source: str, lines: Sequence[ImportLine]) -> list[Outcome]:
        """All at once; each alone when somebody has registered what one of them needs since that was looked up."""
        if not lines:
            return []
        try:
            async with uow.conn.begin_nested():
                await self._write(uow, source, lines)
        except IntegrityError as error:
            field = _TAKEN.get(violated(error) or "")
            if field is None:
                raise
            if len(lines) == 1:
                return [AccountError(f"{field}.taken", field=field)]
            return [outcome for line in lines for outcome in await self._add(uow, source, [line])]
        return [Done.IMPORTED] * len(lines)

    async def _write(self, uow: UnitOfWork, source: str, lines: Sequence[ImportLine]) -> None:
        by_pseudonym = {secrets.token_hex(8): line for line in lines}
        ids = await store.add_accounts(uow.conn, [_account_row(uow, name, line) for name, line in by_pseudonym.items()])
        found = [(ids[name], line) for name, line in by_pseudonym.items()]
        await store.add_profiles(
            uow.conn,
            [row for account_id, line in found if (row := self._profile_row(account_id, line)).keys() > {"account_id"}],
        )
        await store.note(
            uow.conn,
            [
                {"source": source, "role": line.role.value, "source_id": line.source_id, "account_id": account_id}
                for account_id, line in found
            ],
        )
        await self._audit.append_each(uow, Action.IMPORT, by_pseudonym, to_state=AccountState.ACTIVE)
        for account_id, line in found:
            if line.medical_history is not None:
                await self._consents.give(uow, account_id, ConsentKind.HEALTH)

    def _profile_row(self, account_id: int, line: ImportLine) -> dict[str, Any]:
        row = {"account_id": account_id, **line.profile}
        if line.medical_history is not None:
            row["medical_history"] = self._profiles.seal(account_id, line.medical_history)
        return row


def _ids(lines: Sequence[ImportLine]) -> frozenset[str]:
    return frozenset(line.source_id for line in lines)


def _take_unique(line: ImportLine, taken: set[store.Unique]) -> None:
    for unique in line.unique:
        if unique in taken:
            raise AccountError(f"{unique[0]}.taken", field=unique[0])
    taken.update(line.unique)


def _account_row(uow: UnitOfWork, pseudonym: str, line: ImportLine) -> dict[str, Any]:
    return {
        "created_at": uow.now,
        "updated_at": uow.now,
        **line.account,
        "role": line.role.value,
        "state": AccountState.ACTIVE.value,
        "pseudonym": pseudonym,
        "password_hash": line.password.value,
        "password_scheme": line.password.scheme,
    }


def _known(line: ImportLine, row: AnyRow) -> Outcome:
    """Another service's file numbers its accounts from 1, too: its lines must not be passed over as if they were in.

    A line is another's when its account today is found by none of the phone, e-mail and username that both have.
    """
    both = [name for name in _LOGINS if name in line.account and getattr(row, name) is not None]
    if both and all(line.account[name] != getattr(row, name) for name in both):
        return AccountError("source_id.another", field="source_id")
    return Done.KNOWN
