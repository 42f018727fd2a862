"""The three stories in a real browser, in Chinese and in English: what people see and do on the page."""

from __future__ import annotations

import re
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from playwright.async_api import expect

from sandbox.client import Sandbox
from storage.own_data import LEFT_OUT
from tests import pictures
from tests.browser.conftest import ADMIN_PHONE, NAMES, PASSWORD, Hands, Stage

pytestmark = pytest.mark.slow


START = {"zh": "开始", "en": "Start"}
WORDS_FOR_THE_DOCTOR = {"zh": "请把证件平放再拍。", "en": "Please lay it flat and take it again."}


def photo(text: str) -> bytes:
    """A certificate's photo that is told from others by its text."""
    paper = Image.new("RGB", (1280, 960), (247, 243, 233))
    draw = ImageDraw.Draw(paper)
    draw.rectangle((40, 40, 1240, 920), outline=(150, 120, 70), width=6)
    draw.text((640, 150), "SAMPLE CERTIFICATE", (60, 50, 40), ImageFont.load_default(72), anchor="mm")
    for line, words in enumerate((text, "No. 0000 0000 0000", "of nobody, for nothing", "made up for a test")):
        draw.text((120, 300 + 110 * line), words, (70, 60, 50), ImageFont.load_default(52))
    draw.ellipse((900, 560, 1160, 820), outline=(190, 50, 40), width=10)
    return pictures.jpeg(paper)


async def register(person: Hands, role: str) -> None:
    """From "start" to being logged in, with the own contact, and a password that vanishes."""
    say = person.say
    await person.tap(START[person.language])
    await person.sees(say("menu.guest").splitlines()[0][:12])
    await person.tap(say("command.register"))
    await person.asked("role")
    await person.tap(say(role))
    await person.asked("consent")
    await person.tap(say("consent.agree"))
    await person.asked("phone")
    await person.tap(say("button.share_contact"))
    await person.asked("name")
    await person.write(person.name)
    for question in ("email", "sex", "birth_date"):
        await person.asked(question)
        await person.tap(say("button.skip"))
    await person.sees(say("review.title"))
    await person.tap(say("submit.register"))
    await person.asked("password")
    await person.write(PASSWORD)
    await expect(person.messages.filter(has_text=PASSWORD)).to_have_count(0)
    await person.sees(person.name)


async def send_certificate(doctor: Hands, *photos: bytes) -> str:
    """Sends photos and gives the attempt's number."""
    say = doctor.say
    await doctor.asked("certificate")
    await doctor.attach(*photos)
    await doctor.sees(say("photos.so_far", count=len(photos), most=4))
    await doctor.tap(say("button.photos_done"))
    await doctor.sees(say("review.title"))
    await doctor.tap(say("submit.certificate"))
    await doctor.sees(say("certificate.sent"))
    found = re.search(r"C-[A-Z0-9-]+", await doctor.last.inner_text())
    assert found
    return found[0]


async def sign_in_admin(admin: Hands) -> None:
    say = admin.say
    await admin.tap(START[admin.language])
    await admin.tap(say("command.login"))
    await admin.asked("login_role")
    await admin.tap(say("role.admin"))
    await admin.asked("identifier")
    await admin.write(ADMIN_PHONE)
    await admin.asked("login_password")
    await admin.write(PASSWORD)
    await admin.asked("consent")
    await admin.tap(say("consent.agree"))
    await admin.sees(say("consent.done"))


async def looks_at_what_is_stored(stage: Stage, person: Hands) -> None:
    """Backstage shows the account, and in no table anything that opens it (`storage/own_data.py` says what does)."""
    await stage.page.locator("#panel-toggle").click()
    await stage.page.locator("#tab-stored").click()
    await stage.page.locator("#tables summary").filter(has=stage.page.get_by_text("accounts", exact=True)).click()
    account = stage.page.locator("#tables .row").filter(has_text=person.name).first
    await expect(account.locator("dt:text-is('password_hash') + dd")).to_have_class("hidden")
    await expect(account.locator("dt:text-is('role') + dd")).to_have_text("patient")
    await stage.picture("stored")

    database = stage.server.world.database
    assert database
    async with Sandbox.connect(stage.server.url) as sandbox:
        tables = await sandbox.stored()
        shown = str([await sandbox.stored_rows(table) for table in tables])
    assert tables["sessions"] == 1
    assert person.name in shown
    assert [secret for secret in _what_opens_accounts(database) if secret in shown] == []


def _what_opens_accounts(database: Path) -> set[str]:
    found: set[str] = set()
    with closing(sqlite3.connect(database)) as connection:
        for name, why in LEFT_OUT.items():
            if "would open the account" in why:
                table, _, column = name.partition(".")
                rows = connection.execute(f"SELECT {column or '*'} FROM {table}").fetchall()
                found |= {value for row in rows for value in row if isinstance(value, str) and " " not in value}
    assert any(secret.startswith("$2b$") for secret in found)
    return found


async def test_a_patient_registers_edits_and_exports(stage: Stage, tmp_path: Path) -> None:
    li = stage.hands(NAMES[stage.language][0])
    await register(li, "role.patient")
    await stage.picture("patient-registered")

    await li.write("/profile")
    await li.sees(li.say("profile.title"))
    await li.tap(li.say("name.address"))
    await li.asked("address")
    await li.write("人民路 18 号")
    await li.sees("人民路 18 号")
    await li.tap(li.say("submit.profile"))
    await li.sees(li.say("profile.saved"))

    await li.write("/export")
    await li.asked("proof")
    await li.write(PASSWORD)
    file = li.root.locator("a.document")
    await expect(file).to_be_visible()
    async with stage.page.expect_download() as started:
        await file.click()
    saved = tmp_path / "export.zip"
    await (await started.value).save_as(saved)
    with zipfile.ZipFile(saved) as export:
        assert "人民路 18 号" in export.read("data.json").decode()
    await stage.picture("patient-exported")
    await looks_at_what_is_stored(stage, li)


async def test_a_doctor_registers_and_sends_a_certificate(stage: Stage) -> None:
    wang = stage.hands(NAMES[stage.language][1])
    await register(wang, "role.doctor")
    await wang.write("/certificate")
    await wang.tap(wang.say("certificate.way.send"))
    await send_certificate(wang, photo("page one"), photo("page two"))
    await expect(wang.root.locator(".album.from-person .photo")).to_have_count(2)
    await stage.picture("doctor-sent")


async def test_an_admin_refuses_with_reasons_the_doctor_sends_again_the_admin_approves(stage: Stage) -> None:
    li, wang, chen = (stage.hands(name) for name in NAMES[stage.language])
    await li.tap(START[stage.language])
    await register(wang, "role.doctor")
    await wang.write("/certificate")
    await wang.tap(wang.say("certificate.way.send"))
    first = await send_certificate(wang, photo("first try"))

    say = chen.say
    await sign_in_admin(chen)
    await chen.write("/queue")
    await chen.tap(first)
    covered = chen.root.locator(".hidden-photo")
    await expect(covered).to_have_count(1)
    await covered.click()
    await expect(covered).to_have_count(0)
    await chen.tap(say("button.refuse"))
    await chen.asked("refuse_reasons")
    await chen.write("1，3")
    await chen.tap(say("several.done", number=2))
    await chen.asked("review_message_more")
    await chen.write(WORDS_FOR_THE_DOCTOR[stage.language])
    await chen.asked("review_note_more")
    await chen.tap(say("button.skip"))
    await chen.tap(say("submit.reject"))
    await expect(chen.messages.filter(has_text=say("review.done.needs_resubmit", submission=first))).to_have_count(1)

    await expect(wang.messages.filter(has_text=WORDS_FOR_THE_DOCTOR[stage.language])).to_have_count(1)
    await expect(wang.messages.filter(has_text=say("reason.BLR"))).to_have_count(1)
    await stage.picture("sandbox", in_readme=True)
    await wang.write("/certificate")
    await wang.tap(wang.say("certificate.way.send"))
    second = await send_certificate(wang, photo("second try"))

    await chen.write(f"/review {second}")
    await chen.tap(say("button.approve"))
    await chen.tap(say("submit.approve"))
    await expect(chen.messages.filter(has_text=say("review.done.approved", submission=second))).to_have_count(1)
    told = say("notice.certificate_approved", number=second)
    await expect(wang.messages.filter(has_text=told)).to_have_count(1)
    await stage.picture("admin-approved")
