"""What Telegram delivers at one time by many requests is committed together: one transaction, not one for each."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import StorageError
from storage.inbox import Adding


@dataclass(frozen=True, slots=True)
class _Arrival:
    add: Adding
    added: asyncio.Future[int]


class Gathering:
    """Gathers what arrives until a transaction for it has begun."""

    def __init__(self, receive: Callable[[Adding], Awaitable[int]]) -> None:
        """`receive` commits what is added to the inbox, now or as soon as nothing else is at work: `Runner.receive`."""
        self._receive = receive
        self._arrived: list[_Arrival] = []

    async def receive(self, add: Adding) -> int:
        """Commits what arrived, maybe with what others bring; how many were new, and errors, as of it alone."""
        arrival = _Arrival(add, asyncio.get_running_loop().create_future())
        self._arrived.append(arrival)
        if len(self._arrived) == 1:  # whoever comes while this one waits goes with it
            await self._receive_all()
        return await arrival.added

    async def _receive_all(self) -> None:
        taken: list[_Arrival] = []
        counts: list[int] = []

        async def add_all(conn: AsyncConnection) -> int:  # once more after a failure
            taken.extend(self._take_all())
            counts[:] = [await arrival.add(conn) for arrival in taken]
            return sum(counts)

        try:
            await self._receive(add_all)
        except Exception as error:
            for arrival in taken or self._take_all():
                if isinstance(error, StorageError):
                    arrival.added.set_exception(error)
                else:  # one of them is at fault
                    await self._receive_one(arrival)
        else:
            for arrival, count in zip(taken, counts, strict=True):
                arrival.added.set_result(count)

    async def _receive_one(self, arrival: _Arrival) -> None:
        try:
            arrival.added.set_result(await self._receive(arrival.add))
        except Exception as error:
            arrival.added.set_exception(error)

    def _take_all(self) -> list[_Arrival]:
        arrived, self._arrived = self._arrived, []
        return arrived
