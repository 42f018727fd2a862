"""Everything people may read, in order: commands, dialogs with what may go wrong, notices, and whatever is left."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.dialog import screens
from bot.dialog.engine import Engine
from bot.dialog.events import Answer, Other, Sent
from bot.dialog.view import Param, Screen, Text
from bot.menu import leave_dialog
from bot.preview.clinic import SampleClinic
from bot.preview.crawl import Found, crawl
from bot.preview.samples import BLANKS, NOW, wrong_answers
from bot.preview.walk import Stop, stops
from bot.texts import Catalogue, MissingTextError, known
from core.notices import NoticeKind


@dataclass(frozen=True, slots=True)
class Card:
    """A screen, or the messages of one answer; beneath it further sentences that may come on top of it."""

    title: tuple[Text | str, ...]
    screens: tuple[Screen, ...]
    sentences: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Screens that belong together."""

    title: str
    cards: tuple[Card, ...]

    def text_keys(self) -> set[str]:
        """Every text that stands in it, the buttons' too."""
        found: set[str] = set()
        for card in self.cards:
            for screen in card.screens:
                rows = (*screen.buttons, *(screen.keyboard.buttons if screen.keyboard else ()))
                found.update(screen.text_keys(), *(button.label.text_keys() for row in rows for button in row))
                if screen.keyboard:
                    found.add(screen.keyboard.share.key)
            found.update(*(text.text_keys() for text in (*card.sentences, *card.title) if isinstance(text, Text)))
        return found


async def gather(clinic: SampleClinic) -> list[Section]:
    """All of it. Raises NoSampleError for what nobody has written a sample for."""
    sections = [
        *_commands(await crawl(clinic)),
        *_dialogs(clinic),
        _notices(clinic.catalogue),
    ]
    return [*sections, _rest(clinic.catalogue, set().union(*(section.text_keys() for section in sections)))]


def _commands(found: Sequence[Found]) -> Iterable[Section]:
    for audience in dict.fromkeys(one.audience for one in found):
        cards = tuple(Card(one.way, one.screens) for one in found if one.audience == audience)
        yield Section(f"Commands: {audience}", cards)


def _dialogs(clinic: SampleClinic) -> Iterable[Section]:
    engine = clinic.desk.engine
    for flow in clinic.desk.flows.values():
        cards = [Card((stop.name,), stop.screens, _refusals(engine, stop)) for stop in stops(engine, flow)]
        between = (leave_dialog(flow.name, "start"), screens.offer(flow), Screen((screens.cancelled(flow),)))
        yield Section(f"Dialog: {flow.name}", (*cards, *(Card(("between",), (screen,)) for screen in between)))


def _refusals(engine: Engine, stop: Stop) -> tuple[Text, ...]:
    """What may be said of wrong answers to this question, and the further help."""
    if stop.step is None:
        return ()
    found: dict[str, Text] = {}
    events: list[Answer] = [*wrong_answers(stop.step), *(Sent(kind) for kind in Other)]
    for event in events:
        outcome = engine.advance(stop.flow, stop.draft, event, NOW)
        told = outcome.screens[0].paragraphs[0] if outcome.screens and outcome.draft and outcome.draft.tries else None
        if isinstance(told, Text):
            found.setdefault(told.key, told)
    return (*found.values(), Text(stop.step.help))


def _notices(catalogue: Catalogue) -> Section:
    return Section(
        "Notices",
        tuple(Card((kind.value,), (Screen((filled(catalogue, f"notice.{kind}"),)),)) for kind in NoticeKind),
    )


def _rest(catalogue: Catalogue, shown: set[str]) -> Section:
    """Texts that stand in none of the screens above: what core refuses, rare answers."""
    keys = sorted(known("zh") - shown)
    return Section("Everything else", tuple(Card((key,), (Screen((filled(catalogue, key),)),)) for key in keys))


def filled(catalogue: Catalogue, key: str) -> Text:
    """A text by itself, with samples in its blanks, or dots."""
    params: dict[str, Param] = {}
    while True:
        try:
            catalogue.render(Text(key, params), "zh")
        except KeyError as blank:
            params[blank.args[0]] = BLANKS.get(blank.args[0], "…")
        except MissingTextError:
            if "count" in params:
                raise
            params["count"] = BLANKS["count"]  # a plural is found by its count
        else:
            return Text(key, params)
