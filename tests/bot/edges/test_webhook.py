"""Updates come in by webhook: only from who knows the secret, and answered 200 only when they are committed."""

import socket
from collections.abc import AsyncIterator

import aiohttp
import orjson
import pytest
from pydantic import SecretStr

from bot.intake import ALLOWED_UPDATES
from bot.telegram import RawBot, TokenRefused
from bot.webhook import BODY_LIMIT, PATH, SECRET_HEADER, ListenError, Webhook
from core.settings import SettingsError, Telegram
from tests.bot.edges.conftest import Said
from tests.bot.edges.receiving import Receiving
from tests.bot.edges.telegram_stub import TelegramStub, message

SECRET = "a-good-secret_0123456789"
PUBLIC = "https://clinic.example/telegram"


@pytest.fixture
def webhook_settings(telegram_settings: Telegram) -> Telegram:
    return telegram_settings.model_copy(
        update={"mode": "webhook", "webhook_url": PUBLIC, "webhook_secret": SecretStr(SECRET), "listen_port": 0}
    )


@pytest.fixture
async def webhook(receiving: Receiving, raw: RawBot, webhook_settings: Telegram) -> AsyncIterator[Webhook]:
    async with Webhook(bot=raw, intake=receiving.intake, settings=webhook_settings, first_pause=0.01) as webhook:
        yield webhook


async def deliver(
    webhook: Webhook, body: bytes, secret: str | None = SECRET, *, path: str = PATH, method: str = "POST"
) -> tuple[int, bytes]:
    headers = {"Content-Type": "application/json"} | ({SECRET_HEADER: secret} if secret is not None else {})
    url = f"http://127.0.0.1:{webhook.port}{path}"
    async with aiohttp.ClientSession() as session, session.request(method, url, data=body, headers=headers) as answer:
        return answer.status, await answer.read()


async def test_a_delivery_is_committed_before_it_is_answered(receiving: Receiving, webhook: Webhook) -> None:
    assert await deliver(webhook, orjson.dumps(message(11))) == (200, b"")
    assert await receiving.ids() == [11]
    assert receiving.woken == 1


async def test_a_delivery_that_comes_again_is_taken_once(receiving: Receiving, webhook: Webhook) -> None:
    for _ in range(2):
        assert (await deliver(webhook, orjson.dumps(message(11))))[0] == 200
    assert await receiving.ids() == [11]


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET[:-1], SECRET + "x", SECRET.upper(), "密码"])
async def test_who_does_not_know_the_secret_is_told_nothing(
    receiving: Receiving, webhook: Webhook, secret: str | None
) -> None:
    assert await deliver(webhook, orjson.dumps(message(11)), secret) == (403, b"")
    assert await receiving.ids() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b"\xff\xfe", b'{"message":{}}', b'{"update_id":"11"}'])
async def test_what_is_no_update_is_refused(receiving: Receiving, webhook: Webhook, body: bytes) -> None:
    assert (await deliver(webhook, body))[0] == 400
    assert await receiving.ids() == []


async def test_a_body_over_the_cap_is_refused_and_the_largest_allowed_taken(
    receiving: Receiving, webhook: Webhook
) -> None:
    assert (await deliver(webhook, b" " * (BODY_LIMIT + 1)))[0] == 413
    body = orjson.dumps(message(11, "x" * 4096))
    assert (await deliver(webhook, body + b" " * (BODY_LIMIT - len(body))))[0] == 200
    assert await receiving.ids() == [11]


async def test_a_stranger_cannot_make_us_read_a_large_body(webhook: Webhook) -> None:
    assert (await deliver(webhook, b" " * (BODY_LIMIT + 1), "wrong"))[0] == 403


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", PATH, 405), ("POST", "/", 404), ("POST", PATH + "/x", 404)]
)
async def test_there_is_nothing_else_to_see(webhook: Webhook, method: str, path: str, status: int) -> None:
    assert (await deliver(webhook, b"{}", path=path, method=method))[0] == status


async def test_while_nothing_can_be_stored_telegram_is_asked_to_deliver_again(
    receiving: Receiving, webhook: Webhook, said: Said
) -> None:
    body = orjson.dumps(message(11))
    await receiving.break_storage()
    for _ in range(3):
        assert await deliver(webhook, body) == (503, b"")
    await receiving.mend_storage()
    assert (await deliver(webhook, body))[0] == 200
    assert await receiving.ids() == [11]
    assert said("Updates cannot be stored") == 1
    assert said("Updates are stored again") == 1


async def test_telegram_is_told_the_address_the_secret_and_what_to_send(
    webhook: Webhook, telegram: TelegramStub
) -> None:
    await webhook.register()
    assert telegram.calls("setWebhook") == [
        {"url": PUBLIC, "secret_token": SECRET, "allowed_updates": list(ALLOWED_UPDATES)}
    ]


async def test_a_server_that_is_away_is_waited_for(webhook: Webhook, telegram: TelegramStub, said: Said) -> None:
    telegram.fail("setWebhook", 502, "Bad Gateway", times=3)
    await webhook.register()
    assert said("The webhook cannot be set") == 1
    assert said("The webhook is set") == 1


async def test_a_revoked_token_is_told_apart(webhook: Webhook, telegram: TelegramStub) -> None:
    telegram.fail("setWebhook", 401, "Unauthorized")
    with pytest.raises(TokenRefused):
        await webhook.register()


async def test_an_address_telegram_refuses_is_the_operators_to_mend(webhook: Webhook, telegram: TelegramStub) -> None:
    telegram.fail("setWebhook", 400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
    with pytest.raises(SettingsError, match="an https url must be provided"):
        await webhook.register()


async def test_a_busy_port_is_one_sentence_with_the_mend(
    receiving: Receiving, raw: RawBot, webhook_settings: Telegram
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = webhook_settings.model_copy(update={"listen_port": taken.getsockname()[1]})
        with pytest.raises(ListenError, match=r"is taken by another program: set CLINIC_BOT__TELEGRAM__LISTEN"):
            await Webhook(bot=raw, intake=receiving.intake, settings=settings).__aenter__()


@pytest.mark.parametrize(
    "secret", ["", "short", "x" * 15, "x" * 257, "with space 0123456789", "ünïcödé-0123456789", SECRET + "\n"]
)
def test_a_weak_or_unusable_secret_is_refused(
    receiving: Receiving, raw: RawBot, webhook_settings: Telegram, secret: str
) -> None:
    settings = webhook_settings.model_copy(update={"webhook_secret": SecretStr(secret)})
    with pytest.raises(SettingsError, match="CLINIC_BOT__TELEGRAM__WEBHOOK_SECRET needs 16 to 256"):
        Webhook(bot=raw, intake=receiving.intake, settings=settings)


@pytest.mark.parametrize("url", ["", "clinic.example", "ftp://clinic.example"])
def test_an_address_telegram_cannot_reach_is_refused(
    receiving: Receiving, raw: RawBot, webhook_settings: Telegram, url: str
) -> None:
    settings = webhook_settings.model_copy(update={"webhook_url": url})
    with pytest.raises(SettingsError, match="CLINIC_BOT__TELEGRAM__WEBHOOK_URL is needed"):
        Webhook(bot=raw, intake=receiving.intake, settings=settings)
