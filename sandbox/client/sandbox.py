"""The connection to a sandbox: people, failures on demand, traffic."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp

from sandbox.client.chat import Chat
from sandbox.client.message import SandboxError

Settled = Callable[[], Awaitable[object]]


class Sandbox:
    """A running sandbox. Use ``Sandbox.connect``."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, settled: Settled | None, bot: int, patience: float
    ) -> None:
        self._session = session
        self.url = url
        self.settled = settled
        self.bot = bot
        self.patience = patience

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, url: str, settled: Settled | None = None, *, bot: int = 0, patience: float = 10.0
    ) -> AsyncIterator[Sandbox]:
        """Connects for the length of a block.

        Args:
            url: the sandbox's address.
            settled: awaited after the bot took an act's update, in place of waiting until it has been still a while.
            bot: id of the bot that people chat with; 0 for the one that called last.
            patience: seconds that the bot has to answer.
        """
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            yield cls(session, url.rstrip("/"), settled, bot, patience)

    async def request(self, http_method: str, path: str, **kwargs: Any) -> Any:
        """One call of the control API.

        Raises:
            SandboxError: with the sandbox's own sentence.
        """
        if self.bot:
            kwargs["params"] = {**kwargs.get("params", {}), "bot": str(self.bot)}
        async with self._session.request(http_method, f"{self.url}/sandbox{path}", **kwargs) as answer:
            body = await answer.json(content_type=None)
            if answer.status != 200:
                raise SandboxError(body["description"])
            return body

    async def file(self, file_id: str) -> bytes:
        """A file that was sent, as its receiver saves it.

        Raises:
            SandboxError: there is none of that id.
        """
        async with self._session.get(f"{self.url}/sandbox/files/{file_id}") as answer:
            if answer.status != 200:
                raise SandboxError(f"there is no file {file_id!r}")
            return await answer.read()

    async def person(
        self,
        first_name: str,
        *,
        language: str = "zh-hans",
        phone: str = "",
        person_id: int = 0,
        note: str = "",
    ) -> Chat:
        """A new person with a phone of their own."""
        fields = {"first_name": first_name, "language_code": language, "phone": phone, "id": person_id, "note": note}
        return Chat(self, await self.request("POST", "/people", json=fields))

    async def people(self) -> list[Chat]:
        """Everybody there is, the default people included."""
        return [Chat(self, person) for person in await self.request("GET", "/people")]

    async def fail(self, kind: str, method: str = "", **settings: Any) -> None:
        """Makes the next call of a method fail; the settings are those of ``faults.Fault``."""
        await self.request("POST", "/faults", json={"kind": kind, "method": method, **settings})

    async def heal(self) -> None:
        """Takes back all failures still to come."""
        await self.request("DELETE", "/faults")

    async def limit(self, *, per_chat: int = 0, overall: int = 0, seconds: float = 1.0) -> None:
        """Answers 429 to more messages in so many seconds than these, to one chat and to all; 0 for no limit."""
        settings = {"per_chat": per_chat, "overall": overall, "seconds": seconds}
        await self.request("POST", "/flood", json=settings)

    async def set_clock(self, offset: float) -> None:
        """Moves the sandbox's clock by so many seconds from now."""
        await self.request("POST", "/clock", json={"offset": offset})

    async def traffic(self, *, chat: Chat | None = None, method: str = "") -> list[dict[str, Any]]:
        """The bot's calls, oldest first; of one chat or method only, if wanted."""
        params = {"chat_id": str(chat.id)} if chat else {}
        calls = await self.request("GET", "/traffic", params=params)
        return [call for call in calls if not method or call["method"].lower() == method.lower()]

    async def stored(self) -> dict[str, int]:
        """The tables of the bot's SQLite file with their rows' number; empty where the sandbox was given none."""
        counts: dict[str, int] = await self.request("GET", "/stored")
        return counts

    async def stored_rows(self, table: str, *, limit: int = 200) -> list[dict[str, str | None]]:
        """The newest rows of a table, column to text; what is sealed or secret only as what it is and how long."""
        rows = await self.request("GET", f"/stored/{quote(table, safe='')}", params={"limit": str(limit)})
        return [{cell["column"]: _readable(cell) for cell in row["cells"]} for row in rows]

    async def change_bot(self, **settings: Any) -> None:
        """``revoked=True``: the token stops working; ``repeat=n``, ``reverse=n``: how the next n updates come."""
        await self.request("PATCH", f"/bots/{self.bot}", json=settings)


def _readable(cell: dict[str, Any]) -> str | None:
    if cell["kind"] in {"sealed", "hidden"}:
        return f"({cell['kind']}, {cell['length']})"
    return None if cell["kind"] == "empty" else str(cell["text"])
