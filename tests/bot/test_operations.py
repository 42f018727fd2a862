"""The operations port of a bot: whether it can work, and what it counts (CONTRACT.md 3.12)."""

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert, text

from ops.server import operations
from storage.tables.updates import inbox
from tests.bot.conftest import PASSWORD, Clinic, register


@dataclass
class Watch:
    """Whoever looks at the port."""

    client: httpx.AsyncClient
    page: str = ""

    async def look(self) -> dict[str, float]:
        """Every sample, under `name{label=value,…}`."""
        self.page = (await self.client.get("/metrics")).text
        found = {}
        for family in text_string_to_metric_families(self.page):
            for sample in family.samples:
                labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
                found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
        return found


@pytest.fixture
async def watch(clinic: Clinic) -> AsyncIterator[Watch]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False)
    app = clinic.app
    async with operations("127.0.0.1", port, app.troubles, app.measure, setting="PORT"), client:
        yield Watch(client)


async def test_what_people_do_is_counted_and_nothing_tells_who_they_are(clinic: Clinic, watch: Watch) -> None:
    before = await watch.look()
    li = await clinic.person()
    await register(li)
    await li.send("/logout")
    await li.send("/login")
    await li.press("患者")
    for words in ("13812345678", "a wrong password", PASSWORD):
        await li.send(words)
    after = await watch.look()

    def risen(name: str) -> float:
        return after[name] - before.get(name, 0.0)

    assert risen("clinic_logins_total{channel=bot,outcome=wrong}") == 1
    assert risen("clinic_logins_total{channel=bot,outcome=ok}") == 1
    assert risen("clinic_update_seconds_count") > 10
    assert risen("clinic_answer_seconds_count") > 10
    assert after["clinic_work_waiting{pool=hash}"] == 0
    assert (after["clinic_database_up"], after["clinic_inbox_updates"], after["clinic_outbox_notices"]) == (1, 0, 0)
    for about in ("李雷", "王小明", "13812345678", PASSWORD):
        assert about not in watch.page


async def test_what_waits_is_read_from_the_database(clinic: Clinic, watch: Watch) -> None:
    app, now = clinic.app, clinic.clock()
    clinic.clock.advance(seconds=90)
    late = {"bot_id": 1, "received_at": now}
    rows = [
        late | {"update_id": 1, "claimed_until": now, "parked_at": None},
        late | {"update_id": 2, "claimed_until": None, "parked_at": now},
    ]
    async with app.database.write() as conn:  # nobody's update: the runner leaves both alone
        await conn.execute(insert(inbox), rows)
    found = await watch.look()
    assert (found["clinic_inbox_updates"], found["clinic_inbox_oldest_seconds"]) == (1, 90)
    assert found["clinic_inbox_parked"] == 1
    async with app.database.write() as conn:
        await conn.execute(text("DELETE FROM inbox"))


async def test_it_is_not_ready_while_the_tables_are_not_there(clinic: Clinic, watch: Watch) -> None:
    ready = await watch.client.get("/readyz")
    assert (ready.status_code, ready.text) == (200, "ready\n")
    async with clinic.app.database.write() as conn:
        await conn.execute(text("ALTER TABLE submissions RENAME TO submissions_away"))
        await conn.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    answer = await watch.client.get("/readyz")
    assert answer.status_code == 503
    assert "are not those of this version: run `python -m bot db upgrade`" in answer.text
    assert (await watch.client.get("/healthz")).status_code == 200
