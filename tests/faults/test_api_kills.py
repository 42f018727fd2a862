"""kill -9 of an HTTP process under load: who was answered has what they were told, and nobody has it twice."""

import asyncio
import os
import random
import socket
from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.faults.books import rows
from tests.faults.process import Process, environment

KILLS = int(os.environ.get("FAULTS_KILLS", "6"))
PASSWORD = "correct horse battery"
LINES = 6


class Client:
    """Somebody who asks again until they are answered, and remembers what they were told."""

    def __init__(self, client: httpx.AsyncClient, phone: str) -> None:
        self._client = client
        self.phone = phone
        self.address = ""
        self.logins = 0

    async def ask(self, method: str, path: str, **request: object) -> tuple[httpx.Response, bool]:
        """The answer, and whether an earlier try was cut off and may have been carried out."""
        again = False
        while True:
            try:
                return await self._client.request(method, path, **request), again  # type: ignore[arg-type]
            except httpx.ConnectError:  # it was not even heard
                await asyncio.sleep(0.1)
            except httpx.TransportError:
                again = True

    async def walk(self) -> None:
        """Registers, logs in, changes their address and reads it again."""
        body = {"phone": self.phone, "password": PASSWORD, "name": "张三"}
        answer, again = await self.ask("POST", "/patient/register", json=body)
        assert answer.status_code == 200 or (again and answer.status_code == 409), answer.text
        answer, _ = await self.ask("POST", "/patient/login", json={"phone": self.phone, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        token = {"Authorization": f"Bearer {answer.json()['data']['token']}"}
        for number in range(3):
            address = f"北京市朝阳区和平路 {number} 号"
            change = {"phone": self.phone, "name": "张三", "address": address}
            answer, _ = await self.ask("PATCH", "/patient/patient_manage", json=change, headers=token)
            assert answer.status_code == 200, answer.text
            answer, _ = await self.ask("GET", "/patient", headers=token)
            assert answer.json()["data"]["address"] == address, answer.text
            self.address = address


@pytest.mark.slow
async def test_clients_are_served_while_the_http_process_is_killed_again_and_again(
    database_url: str, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    env = environment(tmp_path, "http://127.0.0.1:1", database_url)
    env |= {"CLINIC_BOT__API__PORT": str(port), "CLINIC_BOT__API__RATE_PER_MINUTE": "0"}
    # A look at a password that is cut off stays counted as a wrong one, and all of these have one address.
    env["CLINIC_BOT__LOGIN__FREE_FAILURES_PER_ADDRESS"] = "10000"
    api = Process(env, tmp_path / "api.log", "api", "The HTTP routes run")
    served: list[Client] = []
    stopping = asyncio.Event()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:

        async def line(number: int) -> None:
            while not stopping.is_set():
                served.append(Client(client, f"13{number}{len(served):08d}"))
                await served[-1].walk()

        await api.start()
        await api.running()
        lines = [asyncio.create_task(line(number)) for number in range(LINES)]
        try:
            for _ in range(KILLS):
                await asyncio.sleep(random.uniform(0, 1.5))
                await api.kill()
                await api.start()
                await api.running()
                assert not any(task.done() for task in lines), [task.result() for task in lines if task.done()]
            stopping.set()
            await asyncio.gather(*lines)
            assert await api.stop() == 0
        finally:
            await api.kill()
            for task in lines:
                task.cancel()
            await asyncio.gather(*lines, return_exceptions=True)
    there = {row["phone"]: row for row in await rows(database_url, "SELECT * FROM accounts")}
    assert sorted(there) == sorted(client.phone for client in served)
    homes = {row["account_id"]: row["address"] for row in await rows(database_url, "SELECT * FROM profiles")}
    assert {there[client.phone]["id"]: client.address for client in served} == homes
    audit = await rows(database_url, "SELECT actor, action FROM audit")
    registered = Counter(row["actor"] for row in audit if row["action"] == "account.register")
    assert registered == Counter(row["pseudonym"] for row in there.values())
    logins = Counter(row["account_id"] for row in await rows(database_url, "SELECT account_id FROM sessions"))
    entries = Counter(row["actor"] for row in audit if row["action"] == "login.done")
    assert entries == Counter({row["pseudonym"]: logins[row["id"]] for row in there.values()})
    print(f"{KILLS} kills, {len(served)} patients on {database_url.partition('+')[0]}")
