"""Hospitals and departments: what doctors choose from, kept by the operator (CONTRACT.md 1 hospital_id)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.audit import Action, Audit
from core.errors import InvalidValue
from core.permissions import Permission, require
from core.profile_values import PlaceName
from core.sessions import Signed
from core.unit import UnitOfWork
from core.values import plain, refusal
from storage import reference as store
from storage.reference import Place

MAX_ID: Final = 2**31 - 1


class Change(StrEnum):
    """What became of a place that was given."""

    ADDED = "added"
    RENAMED = "renamed"
    UNCHANGED = "unchanged"


def parse_id(text: str) -> int:
    """The number of a place, 1 to 2147483647. Raises InvalidValue."""
    bare = plain(text)
    if not re.fullmatch(r"[0-9]{1,10}", bare) or not 1 <= int(bare) <= MAX_ID:
        raise refusal("id", "wrong_format")
    return int(bare)


def parse_place(texts: Mapping[str, str]) -> tuple[int, PlaceName]:
    """Number and name from the columns `id` and `name`. Raises InvalidValue."""
    for column in texts.keys() - {"id", "name"}:
        raise InvalidValue("column.unknown", field=column)
    if not texts.get("id", "").strip():
        raise refusal("id", "empty")
    return parse_id(texts["id"]), PlaceName.parse(texts.get("name", ""))


@dataclass(frozen=True, slots=True)
class Found:
    """A page of places, by number and name, and whether there are more."""

    places: Sequence[tuple[int, str]]
    more: bool


class Places:
    """Adds, renames and finds. Nothing is ever removed: profiles refer to it."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    async def save(self, uow: UnitOfWork, place: Place, names: Mapping[int, PlaceName]) -> dict[int, Change]:
        """Gives each number its name, and says what that changed. For the command line on the machine alone."""
        before = await store.names(uow.conn, place, names)
        changes = {number: _change(before.get(number), name) for number, name in names.items()}
        new = {number: names[number].value for number, change in changes.items() if change is not Change.UNCHANGED}
        if new:
            await store.save(uow.conn, place, new)
            reasons = [f"{kind}:{count}" for kind in Change if (count := list(changes.values()).count(kind))]
            await self._audit.append(uow, Action.IMPORT_PLACES, subject=place.table.name, reasons=reasons)
        return changes

    async def search(self, uow: UnitOfWork, signed: Signed, place: Place, typed: str, *, page: int, size: int) -> Found:
        """Those with `typed` in their name or its pinyin initials; pages count from 0. Raises Forbidden."""
        require(signed, Permission.CHANGE_OWN_DOCTOR)
        found = await store.search(uow.conn, place, typed, skip=page * size, most=size + 1)
        return Found(found[:size], more=len(found) > size)

    async def name(self, uow: UnitOfWork, place: Place, number: int) -> str | None:
        """What the place of that number is called; None when there is none."""
        return (await store.names(uow.conn, place, [number])).get(number)


def _change(before: str | None, name: PlaceName) -> Change:
    if before is None:
        return Change.ADDED
    return Change.UNCHANGED if before == name.value else Change.RENAMED
