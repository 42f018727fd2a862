"""The page for people who use the keyboard, a screen reader or large letters, and on screens of every width."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto, KeyboardButton, ReplyKeyboardMarkup

from sandbox.model import Person
from tests import pictures
from tests.browser.conftest import LI, WIDE, View, on_a_narrow_screen, on_a_wide_screen, page_of

pytestmark = pytest.mark.slow
QUESTION = InlineKeyboardMarkup(
    [[InlineKeyboardButton("Yes", callback_data="y"), InlineKeyboardButton("Back", callback_data="b")]]
)
KEYS = ReplyKeyboardMarkup([[KeyboardButton("Share my number", request_contact=True)]])

# Every visible text with its contrast to what lies behind it. A canvas lays the colours over each other, in whatever
# notation they are computed; of a gradient the worse end counts. WCAG 2.2, 1.4.3: 4.5 for small texts.
CONTRASTS = """() => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const over = (colours) => {
        for (const colour of ["white", ...colours]) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = (colour) => {
        const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        const [r, g, b] = colour.map((value) => linear(value / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
        let stacks = [[]];
        for (let one = element; one; one = one.parentElement) {
            const { backgroundColor, backgroundImage } = getComputedStyle(one);
            const gradient = backgroundImage.startsWith("linear-gradient");
            const colours = gradient ? backgroundImage.match(/(rgb|color)[^()]*\\([^()]*\\)/g) : [backgroundColor];
            stacks = stacks.flatMap((stack) => colours.map((colour) => [colour, ...stack]));
        }
        return stacks;
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        const text = walker.currentNode.textContent.trim();
        if (!text || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
        if (element.closest(".unseen, script, noscript, option, .text-spoiler:not(.seen), .picture-only")) continue;
        for (const stack of behind(element)) {
            const [a, b] = [light(over(stack)), light(over([...stack, getComputedStyle(element).color]))];
            found.push([text.slice(0, 30), element.className, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)]);
        }
    }
    return found;
}"""


@on_a_narrow_screen
async def test_a_screen_reader_finds_whose_phone_it_is_and_who_says_what(view: View) -> None:
    await view.bot.send_message(LI, "Is that right?", reply_markup=QUESTION)
    await view.bot.send_message(LI, "Your number?", reply_markup=KEYS)
    await view.bot.send_media_group(LI, [InputMediaPhoto(pictures.jpeg()), InputMediaPhoto(pictures.jpeg())])
    await expect(view.emma.locator(".photo")).to_have_count(2)
    await expect(view.emma).to_match_aria_snapshot("""
        - region "Emma":
          - heading "Emma" [level=2]
          - combobox "Language of this person's app"
          - button "Block the bot"
          - log "Messages":
            - article:
              - text: "Me:"
              - button "/start"
            - article:
              - text: "Bot: Is that right?"
              - button "Yes"
              - button "Back"
            - article:
              - text: "Bot: Your number?"
            - article:
              - button "Photo"
            - article:
              - button "Photo"
          - button "Commands"
          - button "Attach"
          - combobox "Message"
          - button "Show or hide the keyboard" [expanded]
          - button "Send"
          - group "Keyboard":
            - button "Share my number"
    """)


@on_a_wide_screen
async def test_what_arrives_is_announced_and_notices_are(view: View) -> None:
    live = """() => ["messages", "phone-state", "toast"].map((name) => {
        const one = document.querySelector(`.${name}`);
        return [one.role || one.getAttribute("role"), one.checkVisibility()];
    })"""
    assert await view.page.evaluate(live) == [["log", True], ["status", True], ["status", True]]
    await view.bot.send_message(LI, "Sure?", reply_markup=QUESTION)
    await view.emma.get_by_role("button", name="Yes").click()
    query = (await view.bot.get_updates(-1))[-1].callback_query
    assert query
    await query.answer("Noted")
    await expect(view.emma.get_by_role("status").filter(has_text="Noted")).to_be_visible()


@on_a_wide_screen
async def test_tab_goes_from_head_to_keyboard_and_out_again(view: View) -> None:
    await view.bot.send_message(LI, "Is that right?", reply_markup=QUESTION)
    await view.bot.send_message(LI, "Your number?", reply_markup=KEYS)
    await expect(view.emma.get_by_role("button", name="Share my number")).to_be_visible()
    await view.emma.locator(".phone-language").focus()
    names = []
    while True:
        inside, name = await view.page.evaluate(
            """() => {
                const { activeElement: one } = document;
                const first = document.querySelector(".phone");
                return [first.contains(one), one.ariaLabel || one.getAttribute("aria-label") || one.textContent];
            }"""
        )
        if not inside:
            break
        names.append(name)
        await view.page.keyboard.press("Tab")
        assert len(names) < 30
    assert names == [
        "Language of this person's app",
        "Block the bot",
        "Messages",
        "/start",
        "Edit",
        "Yes",
        "Back",
        "Commands",
        "Attach",
        "Message",
        "Show or hide the keyboard",
        "Send",
        "Share my number",
    ]
    await view.page.keyboard.press("Shift+Tab")
    await expect(view.emma.get_by_role("button", name="Share my number")).to_be_focused()


@on_a_narrow_screen
async def test_who_presses_by_keyboard_goes_on_where_the_button_was(view: View) -> None:
    sent = await view.bot.send_message(LI, "Is that right?", reply_markup=QUESTION)
    await view.emma.get_by_role("button", name="Yes").focus()
    await view.page.keyboard.press("Enter")
    await sent.edit_text("And this?", reply_markup=QUESTION)
    await expect(view.emma.locator(".message").last).to_contain_text("And this?")
    await expect(view.emma.locator(".message").last).to_be_focused()
    await view.page.keyboard.press("Tab")
    await expect(view.emma.get_by_role("button", name="Yes")).to_be_focused()
    await view.bot.send_message(LI, "Your number?", reply_markup=KEYS)
    await view.emma.get_by_role("button", name="Share my number").focus()
    await view.bot.send_message(LI, "Or that one?", reply_markup=ReplyKeyboardMarkup([["Neither"]]))
    await expect(view.emma.get_by_role("button", name="Neither")).to_be_visible()
    await expect(view.field).to_be_focused()


@on_a_narrow_screen
async def test_escape_closes_whatever_is_open_and_leads_back(view: View) -> None:
    attach = view.emma.get_by_role("button", name="Attach")
    await attach.click()
    await expect(view.emma.get_by_role("menuitem", name="Photo")).to_be_focused()
    await view.page.keyboard.press("Escape")
    await expect(attach).to_be_focused()
    backstage = view.page.get_by_role("button", name="Backstage")
    await backstage.click()
    await view.page.get_by_role("tab", name="Calls").press("ArrowRight")
    await expect(view.page.get_by_role("tab", name="Stored")).to_be_focused()
    await expect(view.page.get_by_role("tabpanel", name="Stored")).to_be_visible()
    await view.page.keyboard.press("Escape")
    await expect(backstage).to_be_focused()
    await expect(view.page.get_by_role("complementary", name="Backstage")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_stands_out_from_what_is_behind_it(browser: Browser, scheme: str) -> None:
    async with page_of(browser, 1440, 900, scheme) as view:
        await view.bot.send_message(
            LI, "See <a href='https://example.org'>this</a>, <code>that</code>", "HTML", reply_markup=QUESTION
        )
        await view.bot.send_document(LI, b"x" * 2000, filename="report.pdf", caption="For you", protect_content=True)
        await view.bot.send_message(LI, "Your number?", reply_markup=KEYS)
        await view.field.fill("a link https://example.org, and a password")
        await view.field.press("Enter")
        for number, name in enumerate(("Ann", "Ben", "Cho")):  # whoever it is, in one of six colours
            view.server.world.people[LI + 3 + number] = Person(LI + 3 + number, name, "en", note="Nurse")
        view.server.world.publish({"type": "people"})
        await expect(view.page.get_by_role("region", name="Cho")).to_be_attached()
        await view.bot.send_chat_action(LI, "typing")
        await expect(view.emma.locator(".phone-state")).to_have_text("typing…")
        await view.field.fill("/")
        await view.page.get_by_role("button", name="Backstage").click()
        seen: dict[str, tuple[str, float]] = {}
        for tab in ("Calls", "Stored", "Trouble"):
            await view.page.get_by_role("tab", name=tab).click()
            if tab == "Trouble":
                await view.page.get_by_role("button", name="Blocked by the user (403)").click()
                await expect(view.page.locator("#pending li")).to_be_visible()
            for text, name, contrast in await view.page.evaluate(CONTRASTS):
                seen[text] = min(seen.get(text, (name, 21.0)), (name, contrast), key=lambda one: one[1])
        assert {text: one for text, one in seen.items() if one[1] < 4.5} == {}
        looked_at = {"typing…", "this", "that", "For you", "A", "B", "C", "Nurse", "report.pdf", "/start", "403 × 1"}
        assert looked_at <= set(seen)


async def test_nothing_is_wider_than_the_screen(browser: Browser) -> None:
    async with page_of(browser, *WIDE) as view:
        await view.bot.send_message(LI, "W" * 300 + " https://example.org/" + "long" * 80, reply_markup=QUESTION)
        await view.bot.send_document(LI, b"x", filename="a very long name of a file " * 5 + ".pdf")
        await view.bot.send_message(LI, "?", reply_markup=ReplyKeyboardMarkup([["Supercalifragilistic" * 3] * 3]))
        await expect(view.emma.get_by_role("group", name="Keyboard")).to_be_visible()
        await view.page.get_by_role("button", name="Backstage").click()
        for width in (360, 768, 1024, 1440, 1920):
            await view.page.set_viewport_size({"width": width, "height": 800})
            for selector in ("html", ".messages", ".keyboard", ".composer", "#panel"):
                one = view.page.locator(selector).first
                wider = await one.evaluate("(one) => one.scrollWidth - one.clientWidth")
                assert wider <= 0, (width, selector)
