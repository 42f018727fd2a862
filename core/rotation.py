"""A change of keys: what still needs an old one, and sealing that anew while people work (SECURITY.md Secrets)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from core.at_rest import AtRest
from core.keys import Ring
from core.photos import PhotoKind, Photos, new_name
from core.sealing import SealBroken, Sealer, header
from core.settings import Secrets
from core.tokens import WINDOW
from core.unit import Clock
from storage import key_uses, photo_removals, sealed
from storage.database import Database
from storage.errors import NotStored

_ROWS_AT_ONCE: Final = 200
_PHOTOS_AT_ONCE: Final = 32
_PHOTO_COMES: Final = timedelta(hours=1)  # what was cut off in the middle is taken out of the store then
_PHOTO_STAYS: Final = timedelta(minutes=30)  # under its old name, for who is about to open it

_IN_TWO_WEEKS: Final = "14 days after another key was put in front none is left"  # TOKENS T29
_AT_LOGIN: Final = "each login moves one to the present key; the others will need a new password, by /forgot"
_FOR_EVER: Final = "they are verified by it for as long as the audit is kept"
_TWO_YEARS: Final = "they are found by it, for two years"
_IN_A_DAY: Final = "in 25 hours at most none is left"


@dataclass(frozen=True, slots=True)
class Need:
    """What cannot do without a key: so many of it. `mend` says, to the operator, what helps.

    `bearable`: people get over the loss by themselves, so that a key that was stolen may go nevertheless.
    """

    count: int
    what: str
    mend: str
    bearable: bool = False


@dataclass(slots=True)
class Tally:
    """What sealing anew has come to: done, and what could not be opened or was not there, by what it is."""

    done: dict[str, int] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)

    def count(self, what: str, *, broken: bool = False) -> None:
        """One more."""
        counts = self.broken if broken else self.done
        counts[what] = counts.get(what, 0) + 1


class Rotation:
    """Looks for what an old key is needed for, and does away with the need. Any number of bots may run meanwhile."""

    def __init__(
        self, database: Database, secrets: Secrets, photos: Photos, at_rest: Sequence[AtRest], clock: Clock
    ) -> None:
        self._database = database
        self._secrets = secrets
        self._photos = photos
        self._at_rest = at_rest
        self._clock = clock

    async def needs(self, name: str, kid: str, changed_at: datetime | None) -> list[Need]:
        """What needs this key of the ring `name`. `changed_at`: since when the ring is as it is; None: nobody knows.

        Raises StorageError.
        """
        anew = f"`python -m bot keys reseal {name}` seals them anew"
        found = [Need(await self._count(each, kid), each.what, anew) for each in self._at_rest if each.keys == name]
        async with self._database.read() as conn:
            if name == "signing":
                now = self._clock()
                count = await key_uses.logins(conn, after=now - WINDOW, until=changed_at or now)
                found.append(Need(count, "logins over HTTP", _IN_TWO_WEEKS, bearable=True))
            elif name == "pepper":
                found.append(Need(await key_uses.passwords(conn, kid), "passwords", _AT_LOGIN, bearable=True))
            elif name == "audit":
                found.append(Need(await key_uses.audit_entries(conn, kid), "audit entries", _FOR_EVER))
                found.append(Need(await key_uses.refusals(conn, kid), "remembered refusals", _TWO_YEARS))
        if name == "photo":
            found += await self._photo_needs(kid, anew)
        return [need for need in found if need.count]

    async def reseal(self, name: str) -> AsyncIterator[Tally]:
        """Seals anew by the ring's first key what lies under another; tells after each part how far it is.

        May be cut off anywhere and called again: what is done stays done. Raises StorageError.
        """
        tally = Tally()
        ring: Ring = getattr(self._secrets, name)
        for each in self._at_rest:
            if each.keys == name:
                async for _ in self._reseal_column(each, ring, tally):
                    yield tally
        if name == "photo":
            async for _ in self._reseal_photos(ring, tally):
                yield tally
        yield tally

    async def _count(self, each: AtRest, kid: str) -> int:
        async with self._database.read() as conn:
            return await sealed.count_under(conn, each.place, header(kid))

    async def _reseal_column(self, each: AtRest, ring: Ring, tally: Tally) -> AsyncIterator[None]:
        """Row by row; what others work on is passed over, so until a whole pass finds nothing more to do."""
        sealer = Sealer(ring, each.purpose)
        broken: set[int] = set()
        again = True
        while again:
            again, after = False, None
            while True:
                async with self._database.write() as conn:
                    rows = await sealed.not_under(
                        conn, each.place, header(ring.now.current), after=after, most=_ROWS_AT_ONCE
                    )
                    for row in rows:
                        try:
                            plain = sealer.open(row.value, each.context(row))
                        except SealBroken:
                            broken.add(row.key)
                            continue
                        await sealed.replace(conn, each.place, row.key, sealer.seal(plain, each.context(row)))
                        tally.count(each.what)
                        again = True
                if not rows:
                    break
                after = rows[-1].key
                yield
        if broken:
            tally.broken[each.what] = len(broken)

    async def _photo_needs(self, kid: str, anew: str) -> list[Need]:
        async with self._database.read() as conn:
            waiting = await sealed.photos_to_come(conn, self._clock())
        kept = coming = 0
        async for names in self._photo_names():
            kept += (await self._sealed_by(names)).count(kid)
        for start in range(0, len(waiting), _PHOTOS_AT_ONCE):
            # One that is not there yet may be on its way, sealed by any key.
            found = await self._sealed_by(waiting[start : start + _PHOTOS_AT_ONCE])
            coming += found.count(kid) + found.count(None)
        return [Need(kept, "photos", anew), Need(coming, "photos in open dialogs", _IN_A_DAY)]

    async def _reseal_photos(self, ring: Ring, tally: Tally) -> AsyncIterator[None]:
        async for names in self._photo_names():
            for name, kid in zip(names, await self._sealed_by(names), strict=True):
                if kid is None:
                    tally.count("photos", broken=True)
                elif kid != ring.now.current:
                    await self._reseal_photo(name, tally)
            yield

    async def _reseal_photo(self, name: str, tally: Tally) -> None:
        """Under another name, which takes the place of the old one: so nothing that goes meanwhile comes back."""
        fresh = new_name(PhotoKind(name.partition("/")[0]))
        async with self._database.write() as conn:
            await photo_removals.add(conn, [fresh], self._clock() + _PHOTO_COMES)
        try:
            await self._photos.seal_anew(name, fresh)
        except (SealBroken, NotStored):
            async with self._database.write() as conn:
                await photo_removals.put_off(conn, [fresh], self._clock())
            tally.count("photos", broken=True)
            return
        now = self._clock()
        async with self._database.write() as conn:
            if await sealed.rename_photo(conn, name, fresh):
                if not await photo_removals.settle(conn, [fresh], now):
                    raise NotStored(f"{fresh} was taken out before it was named: sealing took over an hour.")
                await photo_removals.add(conn, [name], now + _PHOTO_STAYS)
                tally.count("photos")
            else:
                await photo_removals.put_off(conn, [fresh], now)

    async def _photo_names(self) -> AsyncIterator[list[str]]:
        last = ""
        while True:
            async with self._database.read() as conn:
                names = await sealed.photos(conn, last, most=_PHOTOS_AT_ONCE)
            if not names:
                return
            yield names
            last = names[-1]

    async def _sealed_by(self, names: Sequence[str]) -> list[str | None]:
        """The ids of the keys that sealed these photos; None: it is not there, or is nothing that was sealed."""

        async def one(name: str) -> str | None:
            try:
                return await self._photos.sealed_by(name)
            except (NotStored, SealBroken):
                return None

        return await asyncio.gather(*map(one, names))
