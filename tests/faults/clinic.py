"""A clinic under load: the real bot as a process, the real sandbox, people who walk, and the checker at the end."""

import asyncio
import itertools
import random
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.client import Sandbox
from sandbox.server import Served, serve
from tests.faults.books import settled
from tests.faults.checker import Evidence, check
from tests.faults.people import PASSWORD, Person, Role, arrive
from tests.faults.process import BOT_ID, TOKEN, BotProcess, environment
from tests.faults.record import Record

SETTLING = 240.0  # a notice, or the timers, that a killed process held are free again after two minutes


@dataclass
class Clinic:
    """What a story needs: the bot's process, the sandbox, and the people so far.

    Attributes:
        hasty: patients type ahead, so that their messages wait in a queue.
    """

    bot: BotProcess
    environment: dict[str, str]
    photos: Path
    served: Served
    sandbox: Sandbox
    record: Record
    people: list[Person] = field(default_factory=list)
    hasty: bool = False
    _phones: Iterator[int] = field(default_factory=lambda: itertools.count(13000000000))
    _attempts: asyncio.Queue[tuple[Person, str] | None] = field(default_factory=asyncio.Queue)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _lines: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def evidence(self) -> Evidence:
        """What the checker reads."""
        return Evidence(self.environment, self.photos, self.served.world, self.record, self.people)

    async def person(self, role: Role) -> Person:
        """Somebody new; an admin is made at the machine."""
        number = next(self._phones)
        name = f"{'王李张刘陈'[number % 5]}{'小大'[number % 2]}{'明红芳军'[number % 4]}"
        person = await arrive(self.sandbox, self.record, self.evidence.database_url, role, name=name, phone=str(number))
        if role == "admin":
            await self.command("admin", "create", "--phone", person.phone, "--name", name, "--password-stdin")
        self.people.append(person)
        return person

    async def command(self, *arguments: str) -> str:
        """What a command of the operator's says; a password is given to who asks for one."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", *arguments),
            env=self.environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate(f"{PASSWORD}\n".encode())
        assert process.returncode == 0, said.decode()
        return said.decode()

    async def open(self, *, patients: int = 4, doctors: int = 2) -> None:
        """People begin to come: so many of each at a time, one after another, and an admin decides."""
        admin = await self.person("admin")
        lines = [*[self._patients] * patients, *[self._doctors] * doctors]
        self._lines = [asyncio.create_task(line()) for line in lines]
        self._lines.append(asyncio.create_task(self._deciding(admin)))

    async def close(self) -> None:
        """Nobody new comes; who is there is served to the end, and everything is as it should be."""
        self._stopping.set()
        *lines, deciding = self._lines
        served = asyncio.create_task(self._served(lines))
        await asyncio.wait({served, deciding}, return_when=asyncio.FIRST_COMPLETED)
        self.fail_early()
        await served
        self._attempts.put_nowait(None)
        await deciding
        await settled(self.evidence.database_url, within=SETTLING)
        await check(self.evidence)

    async def amid(self, calls: int) -> None:
        """Waits for a random moment within the bot's next so many calls, however fast the machine is."""
        until = len(self.record) + random.randrange(calls)
        while len(self.record) < until:
            self.fail_early()
            await asyncio.sleep(0.005)
        await asyncio.sleep(random.uniform(0, 0.05))

    def fail_early(self) -> None:
        """Raises what ended somebody's line before its time."""
        for line in self._lines:
            if line.done():
                line.result()

    async def _served(self, lines: Sequence[asyncio.Task[None]]) -> None:
        await asyncio.gather(*lines)
        await self._attempts.join()

    async def leave(self) -> None:
        """Everybody goes home, whatever they were at."""
        for line in self._lines:
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)
        await self.bot.kill()

    async def _patients(self) -> None:
        while True:
            patient = await self.person("patient")
            if self.hasty:
                await patient.hurry()
            await patient.register()
            await patient.change_address(f"北京市朝阳区和平路 {random.randrange(1000)} 号")
            await patient.log_out()
            await patient.log_in()
            await patient.change_address(f"上海市黄浦区人民路 {random.randrange(1000)} 号")
            if self._stopping.is_set():
                return

    async def _doctors(self) -> None:
        while True:
            doctor = await self.person("doctor")
            await doctor.register()
            self._attempts.put_nowait((doctor, await doctor.submit_certificate()))
            if self._stopping.is_set():
                return

    async def _deciding(self, admin: Person) -> None:
        await admin.start_reviewing()
        for approves in itertools.cycle((True, False)):
            if (attempt := await self._attempts.get()) is None:
                return
            doctor, number = attempt
            doctor.told[number] = "已通过审核" if approves else "需要重新提交"
            await admin.decide(number, approves=approves)
            self._attempts.task_done()


@asynccontextmanager
async def clinic(
    tmp_path: Path, database_url: str, *, workers: int | None = None, **settings: str
) -> AsyncIterator[Clinic]:
    """A clinic whose bot, or so many workers, is not started yet; whoever is still there at the end leaves."""
    record, photos = Record(), tmp_path / "photos"
    async with (
        serve(token=TOKEN, people=()) as served,
        Sandbox.connect(served.url, bot=BOT_ID, patience=60) as sandbox,
    ):
        served.world.traffic = record
        env = environment(tmp_path, served.url, database_url)
        env |= {"CLINIC_BOT__STORAGE__PHOTOS_URL": str(photos), **settings}
        bot = BotProcess(env, tmp_path / "bot.log", workers=workers)
        clinic = Clinic(bot, env, photos, served, sandbox, record)
        try:
            yield clinic
        finally:
            await clinic.leave()


def figures(clinic: Clinic, faults: str) -> str:
    """What a run came to, for whoever reads its output."""
    roles: Sequence[str] = [person.role for person in clinic.people]
    counts = (
        f"{len(clinic.served.world.acts)} updates, {roles.count('patient')} patients, {roles.count('doctor')} doctors"
    )
    return f"{faults}: {counts} on {clinic.evidence.database_url.partition('+')[0]}"
