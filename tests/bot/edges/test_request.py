"""The connection to Telegram, over real HTTP: answers, faults, times, files, and a token nobody gets to see."""

import asyncio
import io
import traceback

import pytest
from pydantic import SecretStr
from telegram import InputMediaPhoto
from telegram.error import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.ext import ExtBot
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter

from bot import telegram as connection
from bot.telegram import AiohttpRequest, RawBot, build_bot, environment_proxy, wait_of
from core.settings import SettingsError, Telegram
from tests.bot.edges.telegram_stub import TOKEN, TelegramStub


async def refusal(bot: ExtBot[int]) -> TelegramError:
    with pytest.raises(TelegramError) as caught:
        await bot.send_message(7, "hello")
    return caught.value


def everything_said_by(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error)


async def test_parameters_travel_as_json_and_the_answer_comes_back(bot: ExtBot[int], telegram: TelegramStub) -> None:
    telegram.results["sendmessage"] = {"message_id": 5, "date": 1, "chat": {"id": 7, "type": "private"}, "text": "你好"}
    sent = await bot.send_message(7, "你好 <b>&", disable_notification=True)
    assert sent.text == "你好"
    assert telegram.calls("sendMessage") == [{"chat_id": 7, "text": "你好 <b>&", "disable_notification": True}]


async def test_calls_reuse_their_connection(raw: RawBot, telegram: TelegramStub) -> None:
    for _ in range(20):
        await raw.call("sendMessage", {"chat_id": 7, "text": "x"})
    assert len(telegram.connections) == 1


async def test_a_file_is_uploaded_with_its_name_and_its_caption(bot: ExtBot[int], telegram: TelegramStub) -> None:
    telegram.results["senddocument"] = {"message_id": 5, "date": 1, "chat": {"id": 7, "type": "private"}}
    await bot.send_document(7, io.BytesIO(b"\x00\x01 bytes"), filename="export.zip", caption="你的数据")
    asked = telegram.asked[-1]
    assert asked.params == {"chat_id": "7", "caption": "你的数据"}
    assert list(asked.files.values()) == [b"\x00\x01 bytes"]


async def test_an_album_names_its_files_by_attachment(bot: ExtBot[int], telegram: TelegramStub) -> None:
    telegram.results["sendmediagroup"] = []
    await bot.send_media_group(7, [InputMediaPhoto(b"one"), InputMediaPhoto(b"two")])
    asked = telegram.asked[-1]
    assert sorted(asked.files.values()) == [b"one", b"two"]
    assert all(f"attach://{part}" in asked.params["media"] for part in asked.files)


@pytest.mark.parametrize(
    ("status", "description", "kind"),
    [
        (400, "Bad Request: chat not found", BadRequest),
        (401, "Unauthorized", InvalidToken),
        (403, "Forbidden: bot was blocked by the user", Forbidden),
        (409, "Conflict: terminated by other getUpdates request", Conflict),
        (500, "Internal Server Error", NetworkError),
        (502, "Bad Gateway", NetworkError),
    ],
)
async def test_a_refusal_becomes_the_librarys_error(
    bot: ExtBot[int], telegram: TelegramStub, status: int, description: str, kind: type[TelegramError]
) -> None:
    telegram.fail("sendMessage", status, description)
    assert type(await refusal(bot)) is kind


async def test_too_many_requests_says_how_long_to_wait(bot: ExtBot[int], telegram: TelegramStub) -> None:
    telegram.fail("sendMessage", 429, "Too Many Requests: retry after 3", retry_after=3)
    error = await refusal(bot)
    assert isinstance(error, RetryAfter)
    assert wait_of(error).total_seconds() == 3


async def test_a_server_that_is_away_is_a_network_error_without_an_address(
    bot: ExtBot[int], telegram: TelegramStub
) -> None:
    await telegram.stop()
    await refusal(bot)  # over the kept connection
    error = await refusal(bot)
    assert isinstance(error, NetworkError)
    assert "127.0.0.1" not in str(error)
    assert "Connection refused" in str(error)


async def test_an_answer_that_does_not_come_is_timed_out(telegram_settings: Telegram) -> None:
    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with AiohttpRequest() as request:
        with pytest.raises(TimedOut) as caught:
            await request.post(f"http://127.0.0.1:{port}/bot{TOKEN}/getMe", read_timeout=0.05)
    assert TOKEN not in everything_said_by(caught.value)
    server.close()


async def test_a_connection_cut_in_the_middle_is_a_network_error(bot: ExtBot[int]) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.transport.abort()

    server = await asyncio.start_server(cut, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with AiohttpRequest() as request:
        with pytest.raises(NetworkError) as caught:
            await request.post(f"http://127.0.0.1:{port}/bot{TOKEN}/getMe")
    assert TOKEN not in everything_said_by(caught.value)
    server.close()


async def test_a_full_pool_is_timed_out_and_not_waited_for_without_end(telegram: TelegramStub) -> None:
    url = f"{telegram.url}/bot{TOKEN}/getUpdates"
    polling = RequestData([RequestParameter.from_input("timeout", 1)])
    async with AiohttpRequest(connections=1, pool_timeout=0.02, connect_timeout=0.02) as request:
        holding = asyncio.create_task(request.post(url, polling))
        await telegram.until(lambda: telegram.calls("getUpdates"))
        with pytest.raises(TimedOut):
            await request.post(url)
        await holding


@pytest.mark.parametrize("status", [200, 404, 502])
async def test_a_proxys_page_is_not_taken_for_telegram_and_not_repeated(
    bot: ExtBot[int], telegram: TelegramStub, status: int
) -> None:
    """A 404 of some proxy must not pass for a refused token; its page may name the URL, and so the token."""
    telegram.fail_raw("sendMessage", status, f"<html>The URL /bot{TOKEN}/sendMessage was not found</html>".encode())
    error = await refusal(bot)
    assert type(error) is NetworkError
    assert TOKEN not in everything_said_by(error)


async def test_a_redirect_is_not_followed_with_the_token(bot: ExtBot[int], telegram: TelegramStub) -> None:
    telegram.fail_raw("sendMessage", 307, b"")
    assert type(await refusal(bot)) is NetworkError


async def test_text_that_no_json_can_hold_is_a_bad_request(raw: RawBot, telegram: TelegramStub) -> None:
    with pytest.raises(BadRequest):
        await raw.call("sendMessage", {"chat_id": 7, "text": "\ud800"})
    assert telegram.calls("sendMessage") == []


async def test_an_answer_larger_than_any_file_of_telegrams_is_cut_off(
    bot: ExtBot[int], telegram: TelegramStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ANSWER_LIMIT", 1000)
    telegram.results["sendmessage"] = {"text": "x" * 2000}
    assert "too large" in str(await refusal(bot))


async def test_no_log_and_no_error_holds_the_token(
    bot: ExtBot[int], telegram: TelegramStub, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for status, description in ((400, "Bad Request"), (401, "Unauthorized"), (500, "Internal Server Error")):
        telegram.fail("sendMessage", status, description)
        assert TOKEN not in everything_said_by(await refusal(bot))
    await telegram.stop()
    assert TOKEN not in everything_said_by(await refusal(bot))
    assert TOKEN not in caplog.text


async def test_shutting_down_twice_or_unopened_is_harmless() -> None:
    request = AiohttpRequest()
    await request.shutdown()
    await request.initialize()
    await request.initialize()
    await request.shutdown()
    await request.shutdown()
    with pytest.raises(RuntimeError):
        await request.do_request("http://127.0.0.1:1/", "GET")


def test_a_missing_token_names_the_mend_and_the_sandbox() -> None:
    with pytest.raises(SettingsError, match=r"CLINIC_BOT__TELEGRAM__TOKEN.*make run"):
        build_bot(Telegram())


@pytest.mark.parametrize("token", ["abc", "987:", ":abc", "123456:abc/../x", "123456:abc\n", " 123456:abc"])
def test_a_malformed_token_is_refused_without_being_repeated(token: str) -> None:
    with pytest.raises(SettingsError) as caught:
        build_bot(Telegram(token=SecretStr(token)))
    assert token not in str(caught.value)


def test_any_bot_api_server_can_be_named() -> None:
    bot = build_bot(Telegram(token=SecretStr(TOKEN), api_url="http://127.0.0.1:8081/"))
    assert bot.base_url == f"http://127.0.0.1:8081/bot{TOKEN}"
    assert bot.base_file_url == f"http://127.0.0.1:8081/file/bot{TOKEN}"


def test_messages_are_limited_by_the_second_unless_told_not_to() -> None:
    token = SecretStr(TOKEN)
    assert build_bot(Telegram(token=token, messages_per_second=30)).rate_limiter is not None
    assert build_bot(Telegram(token=token, messages_per_second=0)).rate_limiter is None


def test_the_environments_proxy_is_used_but_never_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    assert environment_proxy("https://api.telegram.org") == "http://proxy.example:3128"
    assert environment_proxy("https://inside.example") is None
    assert environment_proxy("http://127.0.0.1:8080") is None
    assert environment_proxy("http://localhost:8080") is None


async def test_calls_go_through_the_proxy_that_is_given(telegram: TelegramStub) -> None:
    async with AiohttpRequest(proxy=telegram.url) as request:
        await request.post(f"http://telegram.invalid/bot{TOKEN}/getMe")
    assert telegram.asked[-1].method == "getme"
