"""The sandbox's page in a real browser, and the bot behind it: people's hands and eyes."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest
from babel.messages.pofile import read_po
from PIL import Image
from playwright.async_api import Browser, FilePayload, Locator, Page, async_playwright, expect
from pydantic import SecretStr
from telegram import Bot, BotCommand

from bot.app import App
from bot.catalogue import catalogue_of
from bot.dialog.view import Param, Text
from bot.texts import Catalogue, Language
from core.clock import utc_now
from core.keys import make_secrets
from core.settings import SecretSources, Settings, Storage, Telegram
from core.unit import Channel, UnitOfWork
from core.values import Password, PersonName, Phone
from sandbox.model import Person
from sandbox.server import Served, serve
from tests.databases import copy_sqlite
from tests.sandbox.conftest import library_bot

TOKEN = "700002:bot-in-the-browser"
PASSWORD = "correct horse battery"
TEXTS = Path(__file__).parents[2] / "bot" / "texts"
ARTIFACTS = Path(__file__).parents[2] / "artifacts" / "browser"
PATIENCE = 30_000  # milliseconds; a shared machine may be busy

expect.set_options(timeout=PATIENCE)


def chromium() -> str | None:
    """Where Chromium is: in $CHROMIUM, on the path, or nowhere."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium without a window. Missing, it fails the test in CI and skips it elsewhere."""
    path = chromium()
    if path is None:
        missing = "there is no Chromium: install it (Debian: apt-get install chromium) or name it in $CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    async with async_playwright() as playwright:
        # Chromium's own sandbox does not start for root, as which CI runs; the page is ours alone.
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        await browser.close()


@cache
def _sentences(language: Language) -> dict[str, str]:
    """Every sentence as it stands in the file, with its blanks."""
    with (TEXTS / language / "messages.po").open("rb") as file:
        return {str(sentence.id): str(sentence.string) for sentence in read_po(file)}


@dataclass
class Hands:
    """One person at their phone on the page: everything is found as a person finds it, by what it says.

    `say` gives a text of the bot's in this person's language.
    """

    page: Page
    root: Locator
    name: str
    language: Language
    catalogue: Catalogue

    def say(self, key: str, **params: Param) -> str:
        return self.catalogue.render(Text.of(key, **params), self.language)

    @property
    def messages(self) -> Locator:
        return self.root.locator(".message")

    @property
    def last(self) -> Locator:
        """The newest message of the bot's."""
        return self.root.locator(".message.from-bot:not(.deleted)").last

    async def sees(self, text: str) -> None:
        """The newest message of the bot's says this."""
        await expect(self.last).to_contain_text(text)

    async def asked(self, name: str) -> None:
        """The newest message of the bot's asks this question: its first line, up to where something is filled in."""
        await self.sees(_sentences(self.language)[f"ask.{name}"].splitlines()[0].partition("{")[0])

    async def tap(self, label: str) -> None:
        """An inline button, or a key of the reply keyboard."""
        await self.root.get_by_role("button", name=label, exact=True).last.click()

    async def write(self, text: str) -> None:
        """Types into the field and sends by Enter."""
        await self.root.get_by_role("combobox").last.fill(text)
        await self.root.get_by_role("combobox").last.press("Enter")

    async def attach(self, *photos: bytes) -> None:
        """Chooses pictures, which wait in the tray, and sends them."""
        files: list[FilePayload] = [
            {"name": f"photo-{number}.jpg", "mimeType": "image/jpeg", "buffer": content}
            for number, content in enumerate(photos)
        ]
        await self.root.locator(".photo-input").set_input_files(files)
        await expect(self.root.locator(".tray-item")).to_have_count(len(photos))
        await self.root.locator(".send").click()


@dataclass
class Stage:
    """The page with a patient, a doctor and an admin, and the bot they talk to."""

    page: Page
    app: App
    server: Served
    language: Language
    catalogue: Catalogue

    def hands(self, name: str) -> Hands:
        root = self.page.get_by_role("region", name=name, exact=True)
        return Hands(self.page, root, name, self.language, self.catalogue)

    async def picture(self, name: str, *, in_readme: bool = False) -> None:
        """Keeps what the page shows among the artefacts; the README pictures also in $PICTURES (`make pictures`)."""
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        path = ARTIFACTS / f"{name}-{self.language}.png"
        if in_readme:
            await expect(self.page.locator(".ghost")).to_have_count(0)  # what was deleted has left
        await self.page.screenshot(path=path, animations="disabled")
        folder = os.environ.get("PICTURES")
        if in_readme and folder:
            small = Path(folder) / path.name
            Image.open(path).convert("RGB").quantize(256, kmeans=2, dither=Image.Dither.NONE).save(small, optimize=True)
            assert small.stat().st_size < 200_000


@pytest.fixture(params=["zh", "en"])
def language(request: pytest.FixtureRequest) -> Language:
    chosen: Language = request.param
    return chosen


NAMES = {"zh": ("李雷", "韩梅梅", "王芳"), "en": ("Emma", "Noah", "Olivia")}
ADMIN_PHONE = "13900000003"


@pytest.fixture
async def stage(
    browser: Browser, settings: Settings, tmp_path: Path, sqlite_template: Path, language: Language
) -> AsyncIterator[Stage]:
    """Everything running, the page open in this language, an admin made on the machine."""
    code = "zh-hans" if language == "zh" else "en"
    phones = ("13812340001", "13812340002", ADMIN_PHONE)
    people = [Person(5_000_000_001 + n, NAMES[language][n], code, phones[n]) for n in range(3)]
    database = tmp_path / "clinic.db"
    files: dict[str, Any] = {f"{file.name}_file": str(file) for file in make_secrets(tmp_path / "secrets")}
    storage = Storage(database_url=copy_sqlite(sqlite_template, database), photos_url=settings.storage.photos_url)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serve(people=people, database=database))
        telegram = Telegram(token=SecretStr(TOKEN), api_url=server.url, messages_per_second=0)
        running = settings.model_copy(
            update={"telegram": telegram, "storage": storage, "secrets": SecretSources(**files)}
        )
        app = await stack.enter_async_context(App(running))
        await make_admin(app, NAMES[language][2])
        context = await browser.new_context(
            locale="zh-CN" if language == "zh" else "en-GB", viewport={"width": 1440, "height": 900}
        )
        page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        await page.goto(server.url)
        yield Stage(page, app, server, language, catalogue_of(running))
        await page.screenshot(path=_last_look(language))
        assert faults == []
        assert list(server.world.own_problems) == []
        await context.close()


def _last_look(language: Language) -> Path:
    """The page as the test left it: what one wants to see of a story that failed."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    test = os.environ.get("PYTEST_CURRENT_TEST", "").partition("::")[2].partition("[")[0] or "end"
    return ARTIFACTS / f"end-of-{test}-{language}.png"


async def make_admin(app: App, name: str) -> None:
    """As `python -m bot admin create` does."""
    hashed = await app.core.passwords.hash(Password.parse(PASSWORD))
    async with app.database.write() as conn:
        uow = UnitOfWork(conn, utc_now(), Channel.CLI)
        admin = PersonName.parse(name)
        await app.core.accounts.create_admin(uow, phone=Phone(ADMIN_PHONE), name=admin, password_hash=hashed)


# The page by itself, with a bot that does as the test says.

LI = 5_000_000_001
PEOPLE = (
    Person(LI, "Emma", "en", "13812340001", "Patient"),
    Person(LI + 1, "Noah", "en", "13812340002", "Doctor"),
    Person(LI + 2, "李雷", "zh-hans", "13812340003", "Admin"),
)


@dataclass
class View:
    """The page, the bot, and the first person's phone."""

    page: Page
    bot: Bot
    server: Served
    requests: list[str]

    @property
    def emma(self) -> Locator:
        return self.page.get_by_role("region", name="Emma")

    @property
    def field(self) -> Locator:
        return self.emma.get_by_role("combobox").last


WIDE = (1440, 900, "light")
NARROW = (360, 720, "dark")
# Tests are done on both; those to which the width is nothing, on one.
on_a_wide_screen = pytest.mark.parametrize("view", [WIDE], ids=["wide"], indirect=True)
on_a_narrow_screen = pytest.mark.parametrize("view", [NARROW], ids=["narrow"], indirect=True)


@asynccontextmanager
async def page_of(browser: Browser, width: int, height: int, scheme: str) -> AsyncIterator[View]:
    """The page on a screen of so many pixels, ``light`` or ``dark``. Emma has written `/start`."""
    chosen: Literal["light", "dark"] = "dark" if scheme == "dark" else "light"
    async with serve(people=PEOPLE) as server, library_bot(server.url) as bot:
        context = await browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=chosen, locale="en-GB", reduced_motion="reduce"
        )
        page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        requests: list[str] = []
        page.on("request", lambda sent: requests.append(sent.url))
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        await bot.set_my_commands([BotCommand("start", "See what I can do"), BotCommand("stop", "End it")])
        await page.goto(server.url)
        shown = View(page, bot, server, requests)
        await shown.emma.get_by_role("button", name="Start", exact=True).click()
        await expect(shown.emma.locator(".message")).to_have_count(1)
        yield shown
        assert faults == []
        await context.close()


@pytest.fixture(params=[WIDE, NARROW], ids=["wide", "narrow"])
async def view(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[View]:
    """Emma has written `/start`."""
    async with page_of(browser, *request.param) as shown:
        yield shown
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        name = f"{request.node.originalname}-{request.node.callspec.id}.png"
        await shown.page.screenshot(path=ARTIFACTS / name, animations="disabled")
