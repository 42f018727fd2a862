"""One id follows an update through the log: from the inbox, over its step, to the screen and to others."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import redirect_stderr
from typing import Literal

import pytest
import structlog

from core import logs
from core.settings import Logging
from tests.bot.conftest import Clinic, register
from tests.bot.test_login import log_in

STEPS = ("update received", "update handled", "answer shown", "notice is sent")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Where a test has the log go."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield io.StringIO()
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def step(line: str, form: str) -> tuple[str, str]:
    """Of which update a line is, and which step it tells of; empty when it tells of none."""
    if form == "json":
        entry = json.loads(line)
        return str(entry.get("update", "")), entry["event"]
    return line.partition("update=")[2].partition(" ")[0], next((each for each in STEPS if each in line), "")


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_login_can_be_followed_to_the_screen_and_to_the_owners_other_chat(
    clinic: Clinic, log: io.StringIO, form: Literal["json", "console"]
) -> None:
    await register(await clinic.person("李雷", phone="13812345678"))
    other = await clinic.person("新手机", phone="13700000000")
    with redirect_stderr(log):
        logs.set_up(Logging(format=form, level="debug"))
    await log_in(other)
    followed: dict[str, list[str]] = {}
    for line in log.getvalue().splitlines():
        update, event = step(line, form)
        if event in STEPS and event not in followed.setdefault(update, []):
            followed[update].append(event)
    assert list(STEPS[:3]) in followed.values()  # a question, answered
    assert list(STEPS) in followed.values()  # the password, taken while it was hashed: the owner's other chat is told
    assert "" not in followed
