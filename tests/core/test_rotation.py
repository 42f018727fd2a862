"""A change of keys while people work: all that is sealed follows, nothing is lost, nothing comes back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, select

from bot.sealed import INBOX, draft_context, open_json, seal_json, update_context
from core import rotation
from core.at_rest import OF_CORE
from core.consents import ConsentKind
from core.core import Core
from core.keys import KEY_NAMES, KeyRing, new_key_text
from core.login import LoggedIn
from core.photo_removals import removing
from core.profile_values import MedicalHistory
from core.profiles import Field
from core.reasons import Refusal
from core.rotation import Rotation
from core.sealing import SealBroken
from core.sessions import Signed
from core.settings import Secrets, Settings
from core.unit import Channel
from core.values import Role
from storage import chats, inbox
from storage.inbox import NewUpdate
from storage.tables import metadata
from storage.tables.submissions import submission_files
from tests.conftest import Desk, SetClock
from tests.core.conftest import MakeAccount
from tests.core.erased import OTHER, erase, send_certificate
from tests.core.review_people import Clinic
from tests.core.test_avatars import set_photo
from tests.core.test_certificates import signed_in
from tests.core.test_login import log_in
from tests.storage.test_chats import row as chat_row

ALL = (*OF_CORE, *INBOX)
FINAL = Refusal.parse("NOT", "名册中没有这个编号 // 已电话核实两次")


class Rotated:
    """The core with new keys in front, and the same with nothing but the new ones."""

    def __init__(self, settings: Settings, old: Secrets, desk: Desk) -> None:
        fresh = {name: KeyRing.parse(new_key_text()) for name in KEY_NAMES}
        rings = {name: KeyRing(ring.current, ring.keys | getattr(old, name).now.keys) for name, ring in fresh.items()}
        self.both = Core(settings, Secrets(**rings))
        self.fresh = Secrets(**fresh)
        self.new_alone = Core(settings, self.fresh)
        self.rotation = Rotation(desk.database, Secrets(**rings), self.both.photos, ALL, desk.clock)
        self._old = old

    async def reseal(self, *names: str) -> dict[str, int]:
        """All of these, to the end; what was done."""
        done: dict[str, int] = {}
        for name in names:
            async for tally in self.rotation.reseal(name):
                assert not tally.broken
            done |= tally.done
        return done

    async def needs(self, name: str) -> dict[str, int]:
        """What needs the old key of that name."""
        kid = getattr(self._old, name).now.current
        return {need.what: need.count for need in await self.rotation.needs(name, kid, None)}


@pytest.fixture
async def rotated(core: Core, settings: Settings, secrets: Secrets, desk: Desk) -> AsyncIterator[Rotated]:
    rotated = Rotated(settings, secrets, desk)
    yield rotated
    rotated.both.close()
    rotated.new_alone.close()


@pytest.fixture
async def li(core: Core, desk: Desk, make_account: MakeAccount) -> Signed:
    """A patient with a medical history and a photo of themselves."""
    li = await signed_in(core, desk, await make_account(OTHER))
    async with desk.write() as uow:
        await core.consents.give(uow, li.account_id, ConsentKind.HEALTH)
        await core.profiles.change(uow, li, Role.PATIENT, {Field.MEDICAL_HISTORY: MedicalHistory.parse("上周起咳嗽")})
    await set_photo(core, desk, li)
    return li


def files(settings: Settings) -> set[str]:
    folder = Path(settings.storage.photos_url)
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_every_sealed_column_follows_a_change_of_keys() -> None:
    sealed = {
        column for table in metadata.tables.values() for column in table.c if isinstance(column.type, LargeBinary)
    }
    assert sealed == {each.place.column for each in ALL}


async def test_all_that_is_sealed_opens_by_the_new_keys_alone(
    core: Core, desk: Desk, clinic: Clinic, li: Signed, rotated: Rotated, settings: Settings
) -> None:
    wang, admin = await clinic.doctor(), await clinic.admin()
    number = await send_certificate(core, desk, wang)
    await clinic.refuse(admin, number, FINAL)
    context = update_context(1, 2)
    async with desk.write() as uow:
        payload = seal_json(core.inbox_sealer, {"text": "您好"}, context)
        await inbox.add(uow.conn, 1, desk.clock(), [NewUpdate(2, 3, payload)])
        draft = seal_json(core.inbox_sealer, {"step": 1}, draft_context(3))
        await chats.save(uow.conn, [chat_row(3, draft=draft)])

    assert await rotated.needs("health") == {
        "medical histories": 1,
        "notes for colleagues": 1,
        "messages to doctors": 1,
    }
    assert await rotated.needs("inbox") == {"messages still to be handled": 1, "open dialogs": 1}
    assert await rotated.needs("photo") == {"photos": 2}
    done = await rotated.reseal("health", "inbox", "photo", "pepper")
    assert sum(done.values()) == 7
    assert [await rotated.needs(name) for name in ("health", "inbox", "photo")] == [{}, {}, {}]

    new = rotated.new_alone
    async with desk.read() as uow:
        assert await new.profiles.medical_history(uow, li) == "上周起咳嗽"
        dossier = await new.dossiers.history(uow, admin, number)
        assert (dossier[0].decisions[0].message, dossier[0].decisions[0].note) == (
            "名册中没有这个编号",
            "已电话核实两次",
        )
        [update] = await inbox.waiting(uow.conn, now=desk.clock(), most=5)
        assert open_json(new.inbox_sealer, update.payload, context) == {"text": "您好"}
        assert open_json(new.inbox_sealer, (await chats.get(uow.conn, [3]))[3].draft or b"", draft_context(3))
        names = [*(await uow.conn.execute(select(submission_files.c.path))).scalars()]
        names.append((await new.profiles.own(uow, li)).avatar_photo)
    for name in names:
        assert (await new.photos.read(str(name)))[:2] == b"\xff\xd8"
    desk.clock.advance(hours=1)
    await removing(new.photos).act(desk.database, desk.clock)
    assert files(settings) == set(names)


@pytest.mark.slow
async def test_what_is_cut_off_is_gone_on_with(
    core: Core, desk: Desk, rotated: Rotated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "_ROWS_AT_ONCE", 2)
    async with desk.write() as uow:
        drafts = {person: seal_json(core.inbox_sealer, person, draft_context(person)) for person in range(1, 6)}
        await chats.save(uow.conn, [chat_row(person, draft=draft) for person, draft in drafts.items()])
    async for _ in rotated.rotation.reseal("inbox"):
        break
    assert await rotated.needs("inbox") == {"open dialogs": 3}
    assert await rotated.reseal("inbox") == {"open dialogs": 3}
    assert await rotated.reseal("inbox") == {}


@pytest.mark.slow
async def test_what_is_written_meanwhile_is_not_written_over(core: Core, desk: Desk, rotated: Rotated) -> None:
    people = range(1, 41)

    async def save(revision: int, sealing: Core) -> None:
        for person in people:
            async with desk.write() as uow:
                draft = seal_json(sealing.inbox_sealer, revision, draft_context(person))
                assert await chats.save(uow.conn, [chat_row(person, draft=draft, revision=revision)])

    await save(1, core)
    await asyncio.gather(save(2, rotated.both), rotated.reseal("inbox"))
    async with desk.read() as uow:
        rows = await chats.get(uow.conn, people)
    sealer = rotated.new_alone.inbox_sealer
    assert [open_json(sealer, rows[each].draft or b"", draft_context(each)) for each in people] == [2] * len(people)


@pytest.mark.slow
async def test_a_photo_that_goes_meanwhile_does_not_come_back(
    core: Core, desk: Desk, li: Signed, rotated: Rotated, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal_anew = rotated.both.photos.seal_anew

    async def erased_first(path: str, fresh: str) -> None:
        await erase(core, desk, li)
        await seal_anew(path, fresh)

    monkeypatch.setattr(rotated.both.photos, "seal_anew", erased_first)
    assert await rotated.reseal("photo") == {}
    await removing(core.photos).act(desk.database, desk.clock)
    assert files(settings) == set()


@pytest.mark.slow
async def test_a_photo_that_was_begun_with_and_never_named_is_taken_out(
    desk: Desk, li: Signed, rotated: Rotated, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    [before] = files(settings)
    seal_anew = rotated.both.photos.seal_anew

    async def killed_behind(path: str, fresh: str) -> None:
        await seal_anew(path, fresh)
        raise KeyboardInterrupt

    monkeypatch.setattr(rotated.both.photos, "seal_anew", killed_behind)
    with pytest.raises(KeyboardInterrupt):
        await rotated.reseal("photo")
    assert len(files(settings)) == 2
    desk.clock.advance(hours=2)
    await removing(rotated.both.photos).act(desk.database, desk.clock)
    assert files(settings) == {before}


@pytest.mark.slow
async def test_what_no_key_opens_stays_and_is_told(
    core: Core, desk: Desk, li: Signed, settings: Settings, rotated: Rotated
) -> None:
    stranger = Rotation(desk.database, rotated.fresh, rotated.new_alone.photos, ALL, desk.clock)
    for name, what in (("health", "medical histories"), ("photo", "photos")):
        *_, tally = [tally async for tally in stranger.reseal(name)]
        assert (tally.done, tally.broken) == ({}, {what: 1})
    async with desk.read() as uow:
        assert await core.profiles.medical_history(uow, li) == "上周起咳嗽"
        with pytest.raises(SealBroken):
            await rotated.new_alone.profiles.medical_history(uow, li)


@pytest.mark.slow
async def test_a_pepper_is_needed_until_its_people_have_logged_in(
    core: Core, desk: Desk, make_account: MakeAccount, rotated: Rotated
) -> None:
    await make_account()
    await make_account(OTHER)
    assert await rotated.needs("pepper") == {"passwords": 2}
    assert isinstance(await log_in(rotated.both, desk), LoggedIn)
    assert await rotated.needs("pepper") == {"passwords": 1}
    assert isinstance(await log_in(rotated.new_alone, desk), LoggedIn)


@pytest.mark.slow
async def test_a_signing_key_is_needed_for_fourteen_days(
    core: Core, desk: Desk, clock: SetClock, make_account: MakeAccount, rotated: Rotated, secrets: Secrets
) -> None:
    account = await make_account()
    async with desk.write(Channel.HTTP) as uow:
        await core.sessions.open_over_http(uow, account)
    promoted_at = clock()
    assert await rotated.needs("signing") == {"logins over HTTP": 1}
    clock.advance(days=14, seconds=1)
    async with desk.write(Channel.HTTP) as uow:
        await rotated.both.sessions.open_over_http(uow, account)
    kid = secrets.signing.now.current
    assert await rotated.rotation.needs("signing", kid, promoted_at) == []


@pytest.mark.slow
async def test_an_audit_key_is_needed_for_ever(core: Core, desk: Desk, clinic: Clinic, rotated: Rotated) -> None:
    wang, admin = await clinic.doctor(), await clinic.admin()
    number = await clinic.send(wang)
    await clinic.refuse(admin, number, FINAL)
    await erase(core, desk, wang)
    async with desk.write(Channel.JOB) as uow:
        while await core.audit.seal(uow):
            pass
    needs = await rotated.needs("audit")
    assert needs["audit entries"] > 3
    assert needs["remembered refusals"] == 1
