"""Pictures and files, both ways."""

from __future__ import annotations

import aiohttp
import pytest
from telegram import Bot, InputMediaDocument, InputMediaPhoto
from telegram.error import BadRequest

from sandbox.client import Chat, Sandbox, SandboxError
from sandbox.server import Served
from tests import pictures
from tests.sandbox.conftest import RawApi, library_bot, png


async def test_a_picture_sent_by_a_person_can_be_downloaded(bot: Bot, li: Chat) -> None:
    await li.send_photo(png(300, 200), caption="执业证", wait=False)
    message = (await bot.get_updates(-1))[-1].message
    assert message is not None
    small, large = message.photo
    assert (message.caption, large.width, large.height) == ("执业证", 300, 200)
    assert small.file_id != large.file_id
    file = await bot.get_file(large)
    assert pictures.opened(bytes(await file.download_as_bytearray())).size == (300, 200)


async def test_a_photo_is_written_anew_in_telegrams_sizes(bot: Bot, li: Chat) -> None:
    # A phone held upright: 2000 by 1500 as stored, turned by the EXIF, which also says where it was taken.
    taken = pictures.jpeg(pictures.certificate((2000, 1500)), exif=pictures.located_exif(6))
    await li.send_photo(taken, wait=False)
    message = (await bot.get_updates(-1))[-1].message
    assert message is not None
    assert [(size.width, size.height) for size in message.photo] == [(67, 90), (240, 320), (600, 800), (960, 1280)]
    content = bytes(await (await bot.get_file(message.photo[-1])).download_as_bytearray())
    assert not any(secret in content for secret in pictures.SECRETS)


async def test_a_photo_is_sent_again_by_the_id_of_any_of_its_sizes(bot: Bot, li: Chat) -> None:
    sent = await bot.send_photo(li.id, png(900, 600))
    again = await bot.send_photo(li.id, sent.photo[0].file_id)
    assert again.photo == sent.photo
    with pytest.raises(BadRequest, match="Wrong file identifier"):
        await bot.send_document(li.id, sent.photo[0].file_id)


async def test_what_is_no_picture_a_phone_sends_only_as_a_file(li: Chat) -> None:
    with pytest.raises(SandboxError, match="IMAGE_PROCESS_FAILED"):
        await li.send_photo(b"\xff\xd8\xff no picture", wait=False)
    await li.send_document(b"\xff\xd8\xff no picture", "photo.jpg", wait=False)
    assert li.visible[-1].media


async def test_the_same_bytes_have_the_same_unique_id(bot: Bot, li: Chat) -> None:
    first = await bot.send_photo(li.id, png())
    again = await bot.send_photo(li.id, png())
    other = await bot.send_photo(li.id, png(9, 9))
    assert first.photo[-1].file_unique_id == again.photo[-1].file_unique_id
    assert first.photo[-1].file_unique_id != other.photo[-1].file_unique_id


async def test_a_file_is_sent_again_by_its_id(bot: Bot, li: Chat) -> None:
    await li.send_document(b"%PDF-1.7", "证书.pdf", wait=False)
    message = (await bot.get_updates(-1))[-1].message
    assert message is not None
    assert message.document is not None
    assert (message.document.file_name, message.document.file_size) == ("证书.pdf", 8)
    sent = await bot.send_document(li.id, message.document.file_id, caption="here it is")
    assert sent.document == message.document


async def test_another_bots_file_id_is_refused(bot: Bot, li: Chat, server: Served) -> None:
    sent = await bot.send_photo(li.id, png())
    async with library_bot(server.url, "777:another-bot-token") as other:
        with pytest.raises(BadRequest, match="Wrong file_id or the file is temporarily unavailable"):
            await other.get_file(sent.photo[-1])


async def test_a_token_in_an_address_may_be_percent_encoded(bot: Bot, li: Chat, server: Served) -> None:
    sent = await bot.send_document(li.id, b"hello", filename="a.txt")
    assert sent.document is not None
    path = (await bot.get_file(sent.document)).file_path or ""
    encoded = path.replace(bot.token, bot.token.replace(":", "%3A"))
    async with aiohttp.ClientSession() as session, session.get(encoded) as answer:
        assert await answer.read() == b"hello"


async def test_a_file_is_not_to_be_had_with_another_token(bot: Bot, li: Chat, server: Served) -> None:
    sent = await bot.send_document(li.id, b"hello", filename="a.txt")
    assert sent.document is not None
    path = (await bot.get_file(sent.document)).file_path or ""
    async with aiohttp.ClientSession() as session, session.get(path.replace(bot.token, "777:other")) as answer:
        assert answer.status == 404


async def test_more_than_20_mib_cannot_be_downloaded(api: RawApi, bot: Bot, li: Chat) -> None:
    await li.send_document(b"\0" * (20 * 2**20 + 1), "big.bin", wait=False)
    message = (await bot.get_updates(-1))[-1].message
    assert message is not None
    assert message.document is not None
    refusal = await api.refusal("getFile", file_id=message.document.file_id)
    assert refusal == "Bad Request: file is too big"


@pytest.mark.parametrize(
    ("photo", "reason"),
    [
        (None, "there is no photo in the request"),
        ("https://example.org/x.png", "failed to get HTTP URL content"),
        ("AgACAgIAAx", "wrong file identifier/HTTP URL specified"),
    ],
)
async def test_a_photo_that_is_none_is_refused(api: RawApi, li: Chat, photo: str | None, reason: str) -> None:
    assert await api.refusal("sendPhoto", chat_id=li.id, photo=photo) == f"Bad Request: {reason}"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "File must be non-empty"),
        (b"GIF89a no picture", "Image_process_failed"),
        (png() + b"\0" * 10 * 2**20, "too big for a photo"),
        (png(2100, 100), "Photo_invalid_dimensions"),
        (png(10_000, 1000), "Photo_invalid_dimensions"),
    ],
)
async def test_what_is_no_picture_is_refused_as_photo(bot: Bot, li: Chat, content: bytes, reason: str) -> None:
    with pytest.raises(BadRequest, match=reason):
        await bot.send_photo(li.id, content, filename="x.png")


async def test_a_caption_has_at_most_1024_units(bot: Bot, li: Chat) -> None:
    await bot.send_photo(li.id, png(), caption="x" * 1024)
    with pytest.raises(BadRequest, match="Message caption is too long"):
        await bot.send_photo(li.id, png(), caption="x" * 1025)


async def test_a_photo_can_be_covered_and_protected(bot: Bot, li: Chat) -> None:
    sent = await bot.send_photo(li.id, png(), has_spoiler=True, protect_content=True)
    await li.refresh()
    assert sent.has_media_spoiler
    assert (li.last.spoiler, li.last.protected) == (True, True)


async def test_an_album_of_a_bot_is_separate_messages_of_one_group(bot: Bot, li: Chat) -> None:
    sent = await bot.send_media_group(li.id, [InputMediaPhoto(png(), caption="one"), InputMediaPhoto(png(9, 9))])
    assert len({message.media_group_id for message in sent}) == 1
    assert [message.caption for message in sent] == ["one", None]


async def test_an_album_of_a_person_too(bot: Bot, li: Chat) -> None:
    await li.send_album([png(), png(9, 9)], caption="证书", wait=False)
    messages = [update.message for update in await bot.get_updates() if update.message and update.message.photo]
    assert len({message.media_group_id for message in messages}) == 1
    assert [message.caption for message in messages] == ["证书", None]


async def test_an_album_of_a_person_has_two_to_ten(li: Chat) -> None:
    for photos in ([png()], [png()] * 11):
        with pytest.raises(SandboxError, match="from 2 to 10"):
            await li.send_album(photos, wait=False)
    assert len(await li.send_album([png()] * 10, wait=False)) == 10


async def test_an_album_has_two_to_ten_of_a_kind(bot: Bot, li: Chat) -> None:
    with pytest.raises(BadRequest, match="Wrong number of media"):
        await bot.send_media_group(li.id, [InputMediaPhoto(png())])
    with pytest.raises(BadRequest, match="can't be mixed"):
        await bot.send_media_group(li.id, [InputMediaPhoto(png()), InputMediaDocument(b"x")])


async def test_the_page_shows_pictures_and_only_saves_other_files(bot: Bot, li: Chat, sandbox: Sandbox) -> None:
    photo = await bot.send_photo(li.id, png())
    html = await bot.send_document(li.id, b"<script>alert(1)</script>", filename="x.html")
    assert html.document is not None
    async with aiohttp.ClientSession(f"{sandbox.url}/sandbox/files/") as session:
        async with session.get(photo.photo[-1].file_id) as answer:
            assert answer.content_type == "image/jpeg"
        async with session.get(html.document.file_id) as answer:
            assert answer.content_type == "application/octet-stream"
            assert answer.headers["Content-Disposition"] == "attachment"
