"""aiogram's states in memory, run by an environment of its own: `python aiogram_fsm.py API_URL TOKEN`."""
# mypy: disable-error-code="import-not-found,misc,untyped-decorator,unused-ignore"
# Our own environment does not have it.

import asyncio
import json
import sys
from pathlib import Path

from aiogram import Bot, Dispatcher, F
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import Message

_SAYS: dict[str, str] = json.loads((Path(__file__).parent / "questions.json").read_text(encoding="utf-8"))

dispatcher = Dispatcher()


class Registration(StatesGroup):
    """The question that is open."""

    role = State()
    consent = State()
    phone = State()
    name = State()
    birthday = State()


@dispatcher.message(Command("register"))
async def begin(message: Message, state: FSMContext) -> None:
    """At any moment."""
    await state.clear()
    await state.set_state(Registration.role)
    await message.answer(_SAYS["role"])


@dispatcher.message(Command("cancel"))
async def cancel(message: Message, state: FSMContext) -> None:
    """At any moment."""
    await state.clear()
    await message.answer(_SAYS["stopped"])


@dispatcher.message(Registration.role, F.text.in_({"患者", "医生"}))
async def role(message: Message, state: FSMContext) -> None:
    """The first answer."""
    await state.update_data(role=message.text)
    await state.set_state(Registration.consent)
    await message.answer(_SAYS["consent"])


@dispatcher.message(Registration.consent, F.text == "同意")
async def consent(message: Message, state: FSMContext) -> None:
    """The second."""
    await state.update_data(consent=message.text)
    await state.set_state(Registration.phone)
    await message.answer(_SAYS["phone"])


@dispatcher.message(Registration.phone, F.text.regexp(r"^1\d{10}$"))
async def phone(message: Message, state: FSMContext) -> None:
    """The third."""
    await state.update_data(phone=message.text)
    await state.set_state(Registration.name)
    await message.answer(_SAYS["name"])


@dispatcher.message(Registration.name, F.text)
async def name(message: Message, state: FSMContext) -> None:
    """The fourth."""
    await state.update_data(name=message.text)
    await state.set_state(Registration.birthday)
    await message.answer(_SAYS["birthday"])


@dispatcher.message()
async def again(message: Message) -> None:
    """What does not answer the question."""
    await message.answer(_SAYS["again"])


async def main(api_url: str, token: str) -> None:
    """Polls until it is told to stop."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(api_url))
    await dispatcher.start_polling(Bot(token, session=session))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
