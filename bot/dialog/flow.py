"""How a dialog is declared: a flow of steps. A new one is one file that builds a `Flow` and a line in the registry."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import reduce
from typing import Any, TypeAlias

from bot.dialog.events import Other, Said, Shared
from bot.dialog.view import Param, Text

Value: TypeAlias = Any  # what JSON can hold: answers wait in the database, sealed
Answers: TypeAlias = Mapping[str, Value]

REVIEW = "review"
TIDY = "tidy"
"""A choice whether the messages of a long text are deleted when the dialog is submitted (DIALOGS rule 28)."""


class InvalidInput(Exception):  # noqa: N818  reads as what it is where a parser raises it
    """An answer that cannot be taken: which text says so, and what goes into its blanks (DIALOGS rule 12)."""

    def __init__(self, text_key: str, **params: Param) -> None:
        super().__init__(text_key)
        self.text = Text(text_key, params)


class FlowError(ValueError):
    """A flow that is declared wrongly; raised when it is built, never in a chat."""


class Kind(Enum):
    """What a step waits for."""

    TEXT = auto()
    CHOICE = auto()
    CONTACT = auto()  # one's own contact by a button, or the same typed
    PHOTO = auto()  # a photo, or an image as a file


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a step: what is stored, its label's text key, and what else people type for it."""

    value: Value
    label: str
    aliases: tuple[str, ...] = ()


Parse: TypeAlias = Callable[[Said | Shared, Answers], Value]


@dataclass(frozen=True, slots=True)
class Step:
    """One question.

    Args:
        key: its name, unique in the flow, and where its answer is kept. Its texts are `ask.KEY` (what is expected,
            with an example), `help.KEY` (more help after the second wrong answer) and `name.KEY` (for the review).
        parse: makes the stored value of what was said or shared, or raises InvalidInput. Not needed for mere choices.
        choices: options with a button each; their number or label typed is as good (DIALOGS rule 14).
        several: any of the choices together are an answer, a list (bot/dialog/several.py).
        optional: may be skipped.
        when: whether the step is asked at all, by the answers so far.
        kind: what it waits for.
        secret: a password, which is never kept. It is the last step and submits the dialog, or it proves (DIALOGS.md).
        proves: checks, like `Flow.submit`, the password of a first step that only opens the dialog. What is kept as its
            answer is until when the proof holds.
        search: finds options, of too many to show, by a typed part (bot/dialog/search.py); one is picked.
        long: taken in several messages until "done" (DIALOGS rule 28); `parse` gets them as one text.
        check: names a question for the core that the runner asks before the answer is taken (a phone that is taken); it
            only reads, as `search` does.
        shown: how an answer is shown again, in the review and on the way back.
        ask, help: other texts than `ask.KEY` and `help.KEY`.
        field: what core calls it, where that differs: its refusals lead back to this step.
        given: settled when the dialog is opened, and never asked: it only stands in the review.
        takes: waits for photos, and fetches, checks and keeps each, like `Flow.submit`; core's refusal is what its
            sender is told of it. The answer is a list of them, as kept.
        most: so many photos make the answer; where that is one, the dialog goes on at once, else when it is told to.
    """

    key: str
    parse: Parse | None = None
    choices: Sequence[Choice] = ()
    several: bool = False
    optional: bool = False
    when: Callable[[Answers], bool] = lambda _answers: True
    kind: Kind = Kind.TEXT
    secret: bool = False
    proves: "Submit" = None
    search: "Search | None" = None
    long: bool = False
    check: "Check | None" = None
    shown: Callable[[Value], Text | str] = str
    ask: str = ""
    help: str = ""
    field: str = ""
    given: bool = False
    takes: "Submit" = None
    most: int = 1

    def __post_init__(self) -> None:
        if self.choices and self.kind is Kind.TEXT:
            object.__setattr__(self, "kind", Kind.CHOICE)
        if self.takes:
            object.__setattr__(self, "kind", Kind.PHOTO)
        if not self.ask:
            object.__setattr__(self, "ask", f"ask.{self.key}")
        if not self.help:
            object.__setattr__(self, "help", f"help.{self.key}")
        if not self.field:
            object.__setattr__(self, "field", self.key)
        if not (self.parse or self.choices or self.given or self.search or self.takes):
            raise FlowError(f"step {self.key!r} has neither choices nor a parser nor a search, and takes no photos")
        if self.secret and (self.optional or self.choices):
            raise FlowError(f"step {self.key!r} is a password: it cannot be skipped or chosen")

    def picked(self, draft: Any) -> list[Value]:
        """What is put on in a draft, of a step that several options answer; an earlier answer is where one begins."""
        return list(draft.answers.get(self.key) or ()) if draft.picked is None else draft.picked

    def as_shown(self, value: Value) -> Text | str:
        """The answer as its person sees it again: a choice's label, else by `shown`."""
        if self.several:
            labels = [Text(choice.label) for choice in self.choices if choice.value in value]
            return reduce(lambda rest, first: Text.of("joined", first=first, rest=rest), reversed(labels))
        for choice in self.choices:
            if choice.value == value:
                return Text(choice.label)
        if self.takes:
            return Text.of("photos.kept", count=len(value))
        return self.shown(value)

    def texts(self) -> set[str]:
        """Every text key this step can show of itself."""
        if self.given:
            return {f"name.{self.key}"}
        keys = {self.ask, self.help, *(choice.label for choice in self.choices)}
        if self.takes:
            keys |= {f"at_photo.{kind}" for kind in ("text", *Other)}
        return keys if self.secret else keys | {f"name.{self.key}"}


# The engine only carries these to the runner, which knows what core is; typing them here would let core in.
Check: TypeAlias = Callable[[Any, Value, Answers], Awaitable[None]]
Search: TypeAlias = Callable[[Any, str, int], Awaitable[tuple[list[Value], bool]]]  # part, page: options, more?
Submit: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Flow:
    """A dialog: its steps in order and what to do at the end.

    Args:
        name: in callback data and the database; its texts are `intro.NAME` (what it does, how many steps, what to have
            ready), `title.NAME` and `submit.NAME` (the button that ends the review; it names the act). Flows that
            share their texts have dotted names, `NAME.one` and `NAME.other`.
        version: raised by a deploy that changes the flow; answers that still fit are kept.
        steps: asked in this order.
        submit: what core is asked to do with the answers; the runner calls it (bot/acts.py).
        review: show all answers with a change button each before the last act.
        home: the button (command and argument) that shows the screen this dialog is opened from; back at the first
            question, and the end, lead there.

    Raises:
        FlowError: double keys, a password that neither comes last nor proves, a proof that does not come first.
    """

    name: str
    version: int
    steps: tuple[Step, ...]
    submit: Submit
    review: bool = True
    home: tuple[str, str] | None = None
    _by_key: dict[str, Step] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        keys = [step.key for step in self.steps]
        if not keys or len(set(keys)) != len(keys) or REVIEW in keys:
            raise FlowError(f"flow {self.name!r}: step keys must be there, once each, and none may be {REVIEW!r}")
        before_last = self.steps[1:-1] if self.proof else self.steps[:-1]
        if any(step.secret for step in before_last):
            raise FlowError(f"flow {self.name!r}: a password is always the last step and submits")
        if sum(bool(step.takes) for step in self.steps) > (1 if self.review else 0):
            raise FlowError(f"flow {self.name!r}: photos are asked for once, and shown in the review")
        if any(step.proves for step in self.steps[1:]) or (self.proof and len(keys) == 1):
            raise FlowError(f"flow {self.name!r}: a proof is the first step, and opens others")
        object.__setattr__(self, "_by_key", {step.key: step for step in self.steps})

    def step(self, key: str) -> Step:
        """The step of that key. Raises KeyError when the flow has none."""
        return self._by_key[key]

    @property
    def proof(self) -> Step | None:
        """The step that asks for the present password, if the dialog opens only to who knows it."""
        return self.steps[0] if self.steps[0].proves else None

    @property
    def photos(self) -> Step | None:
        """The step that waits for photos, if the dialog has one."""
        return next((step for step in self.steps if step.takes), None)

    def given(self, answers: Answers) -> dict[str, Value]:
        """Those of the answers that were settled when the dialog was opened."""
        return {step.key: answers[step.key] for step in self.steps if step.given and step.key in answers}

    def acts(self, key: str) -> Submit:
        """What is asked of core when the step of that key, or the review, submits."""
        return (self._by_key[key].proves if key in self._by_key else None) or self.submit

    def path(self, answers: Answers) -> list[str]:
        """The keys to go through, given these answers: the steps that apply; the review before a password or last."""
        keys = [step.key for step in self.steps if not step.given and step.when(answers)]
        if self.review:
            keys.insert(len(keys) - 1 if self.steps[-1].secret else len(keys), REVIEW)
        return keys

    def is_secret(self, key: str) -> bool:
        """Whether the step of that key asks for a password."""
        return key in self._by_key and self._by_key[key].secret

    def texts(self) -> set[str]:
        """Every text key the flow needs; the registry checks that each language has them."""
        kinds = ("intro", "title", "submit") if self.review else ("intro", "title")
        own = {flow_text(kind, self.name).key for kind in kinds}
        return own.union(*(step.texts() for step in self.steps if self.review or not step.given))


def flow_text(kind: str, flow: str, **params: Param) -> Text:
    """A text that belongs to the flow of that name: its `intro`, `title` or `submit`."""
    return Text(f"{kind}.{flow.partition('.')[0]}", params)
