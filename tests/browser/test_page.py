"""The sandbox's page by itself, with a bot that does as the test says: what one sees, by mouse and by keyboard."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import FilePayload, Route, expect
from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    KeyboardButton,
    ReplyKeyboardMarkup,
)

from sandbox.acts import Phone
from tests import pictures
from tests.browser.conftest import LI, View, on_a_narrow_screen, on_a_wide_screen

pytestmark = pytest.mark.slow

MENU = InlineKeyboardMarkup([[InlineKeyboardButton("Register", callback_data="r")]])


async def test_nothing_is_loaded_from_outside_and_everything_has_a_name(view: View) -> None:
    await view.bot.send_message(LI, "Hello", reply_markup=MENU)
    await view.page.get_by_role("button", name="Backstage").click()
    nameless = await view.page.evaluate(
        """() => [...document.querySelectorAll("button, select, textarea, input:not([type=file])")]
            .filter((one) => one.checkVisibility() && !(one.ariaLabel || one.textContent || one.labels?.length))
            .map((one) => one.outerHTML)"""
    )
    assert nameless == []
    assert {address for address in view.requests if not address.startswith((view.server.url, "blob:"))} == set()
    wider = await view.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert wider <= 0


async def test_a_person_gets_by_with_the_keyboard_alone(view: View) -> None:
    await view.field.focus()
    await view.page.keyboard.type("/st")
    options = view.emma.get_by_role("listbox").get_by_role("option")
    await expect(options).to_have_count(2)
    await view.page.keyboard.press("ArrowDown")
    await expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    await view.page.keyboard.press("Enter")
    await expect(view.emma.locator(".message").last).to_contain_text("/stop")
    await view.emma.get_by_role("button", name="Commands").press("Enter")
    await expect(options).to_have_text(["/startSee what I can do", "/stopEnd it"])
    await view.page.keyboard.press("Escape")
    await expect(options).to_have_count(0)
    await view.page.keyboard.type("one\n")
    await expect(view.emma.locator(".message").last).to_contain_text("one")
    await view.emma.get_by_role("button", name="Attach").focus()
    await view.page.keyboard.press("Enter")
    await view.page.keyboard.press("ArrowDown")
    await view.page.keyboard.press("ArrowDown")
    await view.page.keyboard.press("Enter")  # photo, file, my contact
    await expect(view.emma.locator(".contact")).to_contain_text("+8613812340001")


@on_a_narrow_screen
async def test_edits_deletions_alerts_and_typing_are_seen_as_they_happen(view: View) -> None:
    sent = await view.bot.send_message(LI, "Hello", reply_markup=MENU)
    await view.emma.get_by_role("button", name="Register").click()
    query = (await view.bot.get_updates(-1))[-1].callback_query
    assert query
    await query.answer("Please wait", show_alert=True)
    alert = view.emma.get_by_role("alertdialog")
    await expect(alert).to_contain_text("Please wait")
    await view.page.keyboard.press("Enter")
    await expect(alert).to_be_hidden()

    await sent.edit_text("Good day")
    await expect(view.emma.locator(".message").last).to_contain_text("edited")
    await expect(view.emma.locator("time").last).to_have_attribute(
        "datetime", sent.date.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    )
    await expect(view.emma.get_by_role("button", name="Register")).to_have_count(0)
    await view.bot.send_chat_action(LI, "typing")
    await expect(view.emma.locator(".phone-state")).to_have_text("typing…")
    await view.bot.send_chat_action(LI, "upload_document")
    await expect(view.emma.locator(".phone-state")).to_have_text("sending a file…")
    await view.field.fill("my secret")
    await view.field.press("Enter")
    await expect(view.emma.locator(".message").last).to_contain_text("my secret")
    typed = (await view.bot.get_updates(-1))[-1].message
    assert typed
    await typed.delete()
    await expect(view.emma.get_by_text("my secret")).to_have_count(0)
    await expect(view.emma.locator(".ghost")).to_have_text("message deleted")
    await expect(view.emma.locator(".ghost")).to_have_count(0)


@on_a_wide_screen
async def test_a_message_that_is_gone_before_one_looks_leaves_its_mark_too(view: View) -> None:
    world = view.server.world
    phone = Phone(world, next(iter(world.bots.values())), world.people[LI])
    message, _ = phone.send_text("my secret")
    message.deleted = True  # no look at the chat comes between: nothing was awaited
    await expect(view.emma.locator(".ghost")).to_have_text("message deleted")
    await expect(view.emma.get_by_text("my secret")).to_have_count(0)


async def test_pictures_wait_in_a_tray_and_go_as_an_album_under_a_cover(view: View) -> None:
    photos = [pictures.jpeg(pictures.certificate((900, 700), text=text)) for text in ("one", "two", "three")]
    files: list[FilePayload] = [
        {"name": f"{n}.jpg", "mimeType": "image/jpeg", "buffer": photo} for n, photo in enumerate(photos)
    ]
    await view.emma.locator(".photo-input").set_input_files(files)
    await expect(view.emma.locator(".tray-item")).to_have_count(3)
    await view.emma.get_by_role("button", name="Remove 2.jpg").click()
    await view.emma.get_by_label("Cover the picture").check()
    await view.field.fill("my papers")
    await view.field.press("Enter")
    await expect(view.emma.locator(".album .hidden-photo")).to_have_count(2)
    await expect(view.emma.locator(".tray")).to_be_hidden()
    updates = [update.message for update in await view.bot.get_updates() if update.message and update.message.photo]
    assert [(message.caption, message.has_media_spoiler) for message in updates] == [("my papers", True), (None, True)]
    assert len({message.media_group_id for message in updates}) == 1


@on_a_wide_screen
async def test_a_dropped_file_goes_as_it_is_and_a_pasted_picture_as_a_photo(view: View) -> None:
    drop = """([kind, name, type]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File(["%PDF-1.7"], name, { type }));
        const phone = document.querySelector(".phone");
        const event = kind === "paste"
            ? new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true })
            : new DragEvent("drop", { dataTransfer: transfer, bubbles: true });
        (kind === "paste" ? phone.querySelector("textarea") : phone).dispatchEvent(event);
    }"""
    await view.page.evaluate(drop, ["drop", "paper.pdf", "application/pdf"])
    await expect(view.emma.locator(".tray-file")).to_contain_text("paper.pdf")
    await view.field.press("Enter")
    await expect(view.emma.locator(".document-name")).to_have_text("paper.pdf")
    await view.page.evaluate(drop, ["paste", "photo.png", "image/png"])
    await expect(view.emma.get_by_label("Send as a file")).not_to_be_checked()
    await view.field.press("Escape")
    await expect(view.emma.locator(".tray")).to_be_hidden()


@on_a_wide_screen
async def test_an_empty_file_never_waits_in_the_tray_where_it_would_hold_up_the_others(view: View) -> None:
    chosen: list[FilePayload] = [
        {"name": name, "mimeType": "text/plain", "buffer": content}
        for name, content in (("empty.txt", b""), ("note.txt", b"some words"))
    ]
    await view.emma.locator(".file-input").set_input_files(chosen)
    await expect(view.emma.locator(".toast")).to_have_text("An empty file cannot be sent")
    await expect(view.emma.locator(".tray-file")).to_have_text("note.txt · 10 B")
    await view.field.press("Enter")
    await expect(view.emma.locator(".document-name")).to_have_text("note.txt")


@on_a_narrow_screen
async def test_what_a_bot_protects_can_be_seen_but_not_saved(view: View) -> None:
    photo = pictures.jpeg(pictures.certificate((900, 700)))
    media = [InputMediaPhoto(photo, caption="guarded", has_spoiler=True), InputMediaPhoto(pictures.jpeg())]
    await view.bot.send_media_group(LI, media, protect_content=True)
    first = view.emma.locator(".album .photo").first
    await first.click()
    await expect(view.emma.locator(".hidden-photo")).to_have_count(0)
    await first.click()
    viewer = view.page.locator(".viewer")
    await expect(viewer).to_be_visible()
    await expect(viewer.get_by_role("link")).to_have_count(0)
    await view.page.keyboard.press("Escape")
    await expect(viewer).to_be_hidden()
    await view.bot.send_document(LI, b"text one can read here", filename="notes.txt")
    await view.emma.get_by_role("button", name="notes.txt").click()
    await expect(viewer).to_contain_text("text one can read here")
    await expect(viewer.get_by_role("link", name="Save")).to_be_visible()


@on_a_narrow_screen
async def test_a_reply_keyboard_shares_ones_own_contact_and_the_menu_anothers(view: View) -> None:
    keys = ReplyKeyboardMarkup([[KeyboardButton("Share", request_contact=True)]], input_field_placeholder="Number")
    await view.bot.send_message(LI, "Your number?", reply_markup=keys)
    await expect(view.field).to_have_attribute("placeholder", "Number")
    await view.emma.get_by_role("button", name="Share", exact=True).click()
    await expect(view.emma.locator(".contact").last).to_contain_text("Emma")
    await view.emma.get_by_role("button", name="Attach").click()
    await view.emma.get_by_role("menuitem", name="Another contact…").click()
    await view.emma.get_by_role("menuitem", name="李雷").click()
    await expect(view.emma.locator(".contact").last).to_contain_text("李雷")
    shared = [update.message.contact for update in await view.bot.get_updates() if update.message]
    assert [contact.user_id for contact in shared if contact] == [LI, LI + 2]


@on_a_wide_screen
async def test_what_is_new_is_counted_until_it_is_seen(view: View) -> None:
    for number in range(30):
        await view.bot.send_message(LI, f"message {number}")
    await expect(view.emma.locator(".message").last).to_contain_text("message 29")
    await view.page.reload()
    await expect(view.emma.locator(".message").last).to_contain_text("message 29")
    await view.emma.locator(".messages").evaluate("(list) => list.scrollTo(0, 0)")
    await expect(view.emma.locator(".to-end")).to_have_text("↓")
    await view.bot.send_message(LI, "the newest")
    await expect(view.emma.locator(".to-end")).to_have_text("1 ↓")
    await expect(view.page).to_have_title("(1) Sandbox")
    await view.emma.locator(".to-end").click()
    await expect(view.page).to_have_title("Sandbox")


@on_a_narrow_screen
async def test_more_people_come_by_one_click_each_in_a_language(view: View) -> None:
    await view.page.get_by_role("button", name="Add somebody who reads Chinese").click()
    new = view.page.get_by_role("region", name="王芳")
    await expect(new.get_by_role("button", name="开始", exact=True)).to_be_visible()
    await new.locator(".phone-language").select_option("en")
    await expect(new.get_by_role("button", name="Start", exact=True)).to_be_visible()
    for name in ("张伟", "刘洋", "陈静", "杨光"):
        await view.page.get_by_role("button", name="Add somebody who reads Chinese").click()
        await expect(view.page.get_by_role("button", name=name, exact=True)).to_be_in_viewport(ratio=0.9)


@on_a_wide_screen
async def test_a_call_that_comes_while_the_panel_is_looking_is_shown_without_another_behind_it(view: View) -> None:
    looked, called = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        answer = await route.fetch()
        looked.set()
        await called.wait()
        await route.fulfill(response=answer)

    await view.page.route("**/sandbox/traffic*", hold, times=1)
    await view.page.get_by_role("button", name="Backstage").click()
    await looked.wait()
    await view.bot.send_message(LI, "Hello")
    await expect(view.emma.locator(".message").last).to_contain_text("Hello")  # the page has been told
    called.set()
    await expect(view.page.locator("#calls li").filter(has_text="sendMessage")).to_have_count(1)


@on_a_wide_screen
async def test_what_happens_while_the_page_is_loading_is_shown(view: View) -> None:
    connecting, sent = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        connecting.set()
        await sent.wait()
        await route.continue_()

    await view.page.route("**/sandbox/events", hold, times=1)
    await view.page.reload()
    await connecting.wait()
    await asyncio.sleep(1)  # a page that looks before it listens has looked
    await view.bot.send_message(LI, "Hello")
    sent.set()
    await expect(view.emma.locator(".message").last).to_contain_text("Hello")


async def test_the_panel_shows_the_calls_and_makes_trouble(view: View) -> None:
    await view.page.get_by_role("button", name="Backstage").click()
    await view.bot.send_message(LI, "Hello")
    call = view.page.locator("#calls li").filter(has_text="sendMessage").first
    await call.locator("summary").click()
    await expect(call.locator("pre").first).to_contain_text('"text": "Hello"')
    await view.page.get_by_role("tab", name="Trouble").click()
    await view.page.get_by_role("button", name="Blocked by the user (403)").click()
    await expect(view.page.locator("#pending")).to_contain_text("403 × 1")
    with pytest.raises(Exception, match="blocked by the user"):
        await view.bot.send_message(LI, "not for you")
    await expect(view.page.locator("#pending")).not_to_contain_text("403")
