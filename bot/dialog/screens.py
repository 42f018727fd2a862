"""The screens that every dialog shares: the question, the review, and the ways on."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bot.dialog.draft import Draft, unpacked
from bot.dialog.flow import REVIEW, Flow, Kind, Step, Value, flow_text
from bot.dialog.search import PAGE
from bot.dialog.view import Button, ContactKeyboard, Param, Picture, Rows, Screen, Text

BACK: Final = Button(Text("button.back"), "back")
CANCEL: Final = Button(Text("button.cancel"), "cancel")
SKIP: Final = Button(Text("button.skip"), "skip")
KEEP: Final = Button(Text("button.keep"), "keep")
ERASE: Final = Button(Text("button.erase"), "erase")
GO_ON: Final = Button(Text("button.go_on"), "go")
START_OVER: Final = Button(Text("button.start_over"), "over")
DONE: Final = Button(Text("button.done"), "done")
PHOTOS_DONE: Final = Button(Text("button.photos_done"), "done")
ANEW: Final = Button(Text("button.anew"), "anew")
MISSING: Final = Button(Text("button.missing"), "missing")
CONTROLS: Final = (BACK, CANCEL, SKIP, KEEP, ERASE, MISSING, DONE, PHOTOS_DONE, ANEW)
"""The buttons of a question beside its options; their labels may be typed."""

_THUMBNAIL: Final = 640
_TEXTS: Final = (
    "progress", "progress.optional", "earlier", "present", "review.title", "review.line", "review.skipped",
    "button.change", "cancelled", "cancelled.kept", "offer", "help.person", "help.person.optional", "keyboard.taken",
    "keyboard.away", "late.taken", "button.share_contact", "proof.lapsed",
    "help.review", "help.offer", "search.none", "search.missing", "long.so_far", "photos.so_far", "photos.full",
    "photos.problem", "photos.kept",
    "photos.dark", "photos.blurred", "option", "option.line", "button.page_before", "button.page_after",
    "option.picked", "option.line.picked", "several.done", "several.none", "wrong.several", "joined",
)  # fmt: skip
TEXTS: Final = frozenset(_TEXTS) | {key.label.key for key in (*CONTROLS, GO_ON, START_OVER)}


def present(flow: Flow, draft: Draft) -> Screen:
    """The pending question, or the review: what the person is to see now."""
    return review(flow, draft) if draft.step == REVIEW else question(flow, draft)


def question(flow: Flow, draft: Draft) -> Screen:
    """One question with its progress, the earlier answer if there is one, and its buttons (DIALOGS rules 2-8)."""
    step = flow.step(draft.step)
    lines = [Text.of(_progress_key(step), **_progress(flow, draft), ask=Text(step.ask))]
    if step.several:
        several, options = _several(step, draft)
        return Screen((*lines, several), buttons=(*options, *_ways(flow, draft)))
    if (value := _value(step, draft)) is not None:
        lines.append(Text.of("earlier" if step.key in draft.answers else "present", value=step.as_shown(value)))
    controls = _controls(flow, draft, step)
    if step.kind is Kind.CONTACT:
        return Screen(tuple(lines), keyboard=ContactKeyboard(Text("button.share_contact"), controls))
    if step.long and draft.parts:
        lines.append(Text.of("long.so_far", messages=len(draft.parts), length=len(draft.long_text)))
        return Screen(tuple(lines), buttons=((DONE, START_OVER), *controls))
    if step.takes and step.most > 1:
        lines.extend(_received(step, draft))
        return Screen(tuple(lines), buttons=(*_done_with(draft), *controls))
    if step.search:
        listed, options = _options(step, draft)
        return Screen((*lines, *listed), buttons=(*options, *controls))
    picks = tuple(Button(Text(choice.label), "pick", str(n)) for n, choice in enumerate(step.choices))
    return Screen(tuple(lines), buttons=(*_rows(picks, 2), *controls))


def _options(step: Step, draft: Draft) -> tuple[tuple[tuple[Text, ...], ...], Rows]:
    """What was found, numbered, and its buttons: the names are too long for them (DIALOGS rule 22)."""
    found = draft.found
    if found is None:
        return (), ((MISSING,),)
    numbered = list(enumerate(found["options"], start=1))
    lines = tuple(Text.of("option.line", number=number, name=step.as_shown(value)) for number, value in numbered)
    picks = tuple(Button(Text.of("option", number=number), "pick", str(number - 1)) for number, _ in numbered)
    pages = []
    if found["page"]:
        pages.append(Button(Text("button.page_before"), "page", str(found["page"] - 1)))
    if found["more"]:
        pages.append(Button(Text("button.page_after"), "page", str(found["page"] + 1)))
    return (lines,), (*_rows(picks, 4), *filter(None, (tuple(pages),)), (MISSING,))


def _several(step: Step, draft: Draft) -> tuple[tuple[Text, ...], Rows]:
    """A page of the options, numbered through, and which of them are put on."""
    on, first = step.picked(draft), draft.page * PAGE
    shown = list(enumerate(step.choices, start=1))[first : first + PAGE]
    lines, picks = [], []
    for number, choice in shown:
        picked = choice.value in on
        line = "option.line.picked" if picked else "option.line"
        lines.append(Text.of(line, number=number, name=Text(choice.label)))
        label = Text.of("option.picked" if picked else "option", number=number)
        picks.append(Button(label, "pick", str(number - 1)))
    pages = []
    if first:
        pages.append(Button(Text("button.page_before"), "page", str(draft.page - 1)))
    if first + PAGE < len(step.choices):
        pages.append(Button(Text("button.page_after"), "page", str(draft.page + 1)))
    done = Button(Text.of("several.done", number=len(on)), "done") if on else None
    return tuple(lines), (*_rows(tuple(picks), 4), *filter(None, (tuple(pages),)), *(((done,),) if done else ()))


def review(flow: Flow, draft: Draft) -> Screen:
    """All answers with a change button each; the last button names the act (DIALOGS rules 9 and 10)."""
    path = flow.path(draft.answers)
    steps = [flow.step(key) for key in path if key in draft.answers and not flow.is_secret(key)]
    steps = [step for step in steps if len(step.choices) != 1]  # a mere yes can only be taken back by cancelling
    listed = [*map(flow.step, flow.given(draft.answers)), *steps]
    title = Text.of("progress", **_progress(flow, draft), ask=Text("review.title"))
    answers = tuple(Text.of("review.line", name=Text(f"name.{step.key}"), value=_shown(step, draft)) for step in listed)
    changes = tuple(
        Button(Text.of("button.change", name=Text(f"name.{step.key}")), "change", step.key) for step in steps
    )
    ways = (CANCEL,) if path[0] == REVIEW else (BACK, CANCEL)
    return Screen((title, answers), buttons=((submit(flow),), *_rows(changes, 2), ways))


def submit(flow: Flow) -> Button:
    """What ends the review: it names the act (DIALOGS rule 10)."""
    return Button(flow_text("submit", flow.name), "next")


def with_photos(screen: Screen, flow: Flow, draft: Draft) -> Screen:
    """The review with the photos that were sent before it, as they are kept."""
    step = flow.photos
    photos = (step and draft.answers.get(step.key)) or ()
    return replace(screen, pictures=tuple(Picture(photo["path"], _THUMBNAIL) for photo in photos))


def cancelled(flow: Flow) -> Text:
    """That the dialog was given up, and what was kept and dropped (DIALOGS rule 5)."""
    return Text.of("cancelled.kept" if flow.home else "cancelled", dialog=flow_text("title", flow.name))


def offer(flow: Flow) -> Screen:
    """Go on with the open dialog, or start it over (DIALOGS rule 18)."""
    return Screen((Text.of("offer", dialog=flow_text("title", flow.name)),), buttons=((GO_ON, START_OVER), (CANCEL,)))


def _received(step: Step, draft: Draft) -> Iterator[Text]:
    """How many photos there are so far, and which of the last album were not taken, and why."""
    count = sum(bool(one["photo"]) for one in draft.received)
    if count == step.most:
        yield Text.of("photos.full", count=count)
    elif count:
        yield Text.of("photos.so_far", count=count, most=step.most)
    seen = {hint for one in draft.received if one["photo"] for hint in one["photo"].get("hints", ())}
    for hint in sorted(seen):
        yield Text(f"photos.{hint}")
    problems = [one["problem"] for one in draft.received if one["problem"]]
    for number, problem in enumerate(problems):
        if problem not in problems[:number]:
            yield Text.of("photos.problem", problem=unpacked(problem))


def _done_with(draft: Draft) -> Rows:
    return ((PHOTOS_DONE, ANEW),) if any(one["photo"] for one in draft.received) else ()


def _progress_key(step: Step) -> str:
    return "progress.optional" if step.optional else "progress"


def _progress(flow: Flow, draft: Draft) -> dict[str, Param]:
    path = flow.path(draft.answers)
    return {"number": path.index(draft.step) + 1, "total": len(path)}


def _shown(step: Step, draft: Draft) -> Param:
    value = draft.answers[step.key]
    return Text("review.skipped") if value is None else step.as_shown(value)


def _value(step: Step, draft: Draft) -> Value:
    """What the question is answered with until now: here, or what stands today."""
    if step.secret or step.long or step.most > 1:  # a long text is shown by page; of photos there is how many
        return None
    return draft.answers.get(step.key) if step.key in draft.answers else draft.present.get(step.key)


def _controls(flow: Flow, draft: Draft, step: Step) -> Rows:
    has_value = _value(step, draft) is not None
    row = [KEEP] if has_value else []
    if step.optional:
        row.append(ERASE if has_value else SKIP)
    return (*filter(None, (tuple(row),)), *_ways(flow, draft))


def _ways(flow: Flow, draft: Draft) -> Rows:
    first = flow.path(draft.answers)[0] == draft.step
    return ((CANCEL,) if first and not (draft.editing or flow.home) else (BACK, CANCEL),)


def _rows(buttons: tuple[Button, ...], across: int) -> Rows:
    return tuple(buttons[start : start + across] for start in range(0, len(buttons), across))
