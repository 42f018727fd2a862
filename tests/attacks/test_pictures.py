"""Hostile files, sent as certificates and avatars over HTTP and in the bot (SECURITY.md Photos).

What each breaks in the decoder is core's to refuse, tests/core/test_photos.py; here, that nothing of it comes to lie in
the store, to be shown, or to be what it is called.
"""

import io
from pathlib import Path
from zipfile import ZipFile

import pytest

from sandbox.client import Chat
from tests import pictures
from tests.api.conftest import bearer
from tests.attacks.hostile_pictures import CARRIERS, MARK, NAMES, NO_PICTURES
from tests.attacks.town import Town
from tests.bot.conftest import PASSWORD
from tests.bot.test_export import files

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

_SENT, _SEEN = "/api/doctor/certificate/upload", "/api/doctor/certificate"
_SCRIPTS = [word for word in MARK.split(b" ") if word] + list(pictures.SECRETS)


async def _doctor_over_http(town: Town) -> dict[str, str]:
    phone, client = town.next_phone(), town.http.client
    await client.post("/doctor/register", json={"phone": phone, "password": PASSWORD, "name": "王医生"})
    answer = await client.post("/doctor/login", json={"phone": phone, "password": PASSWORD})
    return bearer(answer.json()["data"]["token"])


def _kept(town: Town) -> set[Path]:
    return {path for path in Path(town.clinic.app.settings.storage.photos_url).rglob("*") if path.is_file()}


def _beside(folder: Path) -> set[Path]:
    return {path for path in folder.parent.rglob("*") if folder not in (path, *path.parents)}


async def test_no_file_comes_in_as_what_it_is_not(town: Town) -> None:
    """Refused, and nothing of it is left; or its pixels, written anew, and nothing else of it."""
    client, before = town.http.client, _kept(town)
    refused = {**NO_PICTURES, **{name: make for name, (_, make) in pictures.BAD.items()}}
    who = await _doctor_over_http(town)
    for name, make in refused.items():
        sent = {"certificate": ("certificate.jpg", make(), "image/jpeg")}
        answer = await client.post(_SENT, headers=who, files=sent)
        assert answer.status_code in {413, 415, 422}, f"{name}: {answer.status_code}"
        assert _kept(town) == before, name
    for name, make in {**CARRIERS, **pictures.GOOD}.items():
        who = await _doctor_over_http(town)  # ten a day
        answer = await client.post(_SENT, headers=who, files={"certificate": ("a.jpg", make(), "image/jpeg")})
        if answer.status_code == 200:
            seen = await client.get(_SEEN, headers=who)
            assert seen.headers["content-type"] in {"image/jpeg", "image/png"}
            assert not [word for word in _SCRIPTS if word in seen.content], name
            shown = pictures.opened(seen.content)
            assert set(shown.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi"}, name
            assert not shown.getexif(), name
        else:
            assert answer.status_code in {415, 422}, name
    assert len(_kept(town)) > len(before)
    for path in _kept(town):
        assert not [word for word in _SCRIPTS if word in path.read_bytes()]
    town.check_no_fault()


async def test_a_files_name_leads_nowhere(town: Town, tmp_path: Path) -> None:
    """Whatever it is called, over HTTP and in the bot: names in the store, in headers and in an export are ours."""
    chat, client, before = await town.doctor(), town.http.client, _kept(town)
    folder = Path(town.clinic.app.settings.storage.photos_url)
    around = _beside(folder)
    for name in NAMES:
        who = await _doctor_over_http(town)
        sent = {"certificate": (name or "x", pictures.png(), "text/html")}
        answer = await client.post(_SENT, headers=who, files=sent)
        assert answer.status_code == 200, name
        path = answer.json()["path"]
        assert path.removeprefix("certificate/").isalnum(), name
        seen = await client.get(_SEEN, headers=who)
        assert seen.headers["content-disposition"] == 'attachment; filename="certificate.png"'
    await chat.send("/certificate")
    await chat.press("提交证件")
    for name in NAMES[:2]:
        await chat.send_document(pictures.jpeg(pictures.page()), name, caption=name)
    await chat.press("发完了")
    await chat.press("提交审核")
    new = {path.relative_to(folder).parts for path in _kept(town) - before}
    assert len(new) == len(NAMES) + 2
    assert all(len(parts) == 2 and parts[0] == "certificate" and parts[1].isalnum() for parts in new)
    assert _beside(folder) == around
    assert await _names_in_export(chat, tmp_path) == {"说明.txt", "data.json", "audit.json", "jpg"}


async def _names_in_export(chat: Chat, folder: Path) -> set[str]:
    """What an export's entries are called, photos by their ending; unpacked, all lie where it was unpacked."""
    await chat.send("/export")
    await chat.send(PASSWORD, wait=False)
    await chat.expect("您的资料已经发给您", timeout=20)
    [file] = [message for message in files(chat) if message.by_bot]
    with ZipFile(io.BytesIO(await chat.save(file))) as export:
        names = export.namelist()
        assert not [name for name in names if name.startswith(("/", "\\")) or ".." in name or "\0" in name]
        export.extractall(folder / "unpacked")
    assert set(folder.iterdir()) == {folder / "unpacked"}
    return {name.rpartition(".")[2] if "/" in name else name for name in names}
