"""The people who chat with a contestant, and what their answers are judged by."""

import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

Walk = Literal["echo", "register", "known"]

FIRST_PERSON: Final = 1_000_000
_SURPRISES: Final = 3


@dataclass(frozen=True, slots=True)
class Step:
    """What a person sends, and by which text the answer to it is known.

    Args:
        answer: a piece that is in the answer that must follow, and in no other of the walk.
        before: a piece of a message that may come before it.
    """

    text: str
    answer: str
    before: str | None = None

    def says(self, text: str) -> bool:
        """Whether that is a message of its answer."""
        return self.answer in text or (self.before is not None and self.before in text)


def steps_of(walk: Walk, number: int) -> tuple[Step, ...]:
    """The walk of the person with this number, to be repeated for ever; the phone number is their own.

    `register`: the registration dialog up to the fifth question, then /cancel, so that nothing is ever submitted.
    `echo`: the same messages, each answered with itself. `known`: what somebody who is logged in asks of their account.
    """
    if walk == "known":
        return (
            Step("/me", "您的账号 "),
            Step("/profile", "这是您的资料"),
            Step("/sessions", "您的账号现在登录在"),
        )
    phone = f"138{number:08d}"
    register = (
        Step("/register", "（1/9）"),
        Step("患者", "（2/9）"),
        Step("同意", "（3/9）"),
        Step(phone, "（4/9）", before=phone),  # the keyboard goes, the number is said
        Step("王小明", "（5/9"),
        Step("/cancel", "已停止"),
    )
    return register if walk == "register" else tuple(Step(step.text, step.text) for step in register)


class Person:
    """One person: sends the next text only when the answer to the last one is there."""

    __slots__ = ("_steps", "_updates", "at", "due", "id", "last", "since", "to_go", "waiting")

    def __init__(self, walk: Walk, number: int) -> None:
        self.id = FIRST_PERSON + number
        self.at = -1
        self.waiting = False
        self.last: Step | None = None  # the step whose answer they had last
        self.since = 0.0
        self.due: deque[float] = deque()
        self.to_go = 0  # steps they take by themselves, each when the one before is answered
        self._steps = steps_of(walk, number)
        self._updates = [_update(self.id, step.text) for step in self._steps]

    @property
    def step(self) -> Step:
        """The step whose answer they wait for, or had last."""
        return self._steps[self.at]

    def send(self, update_id: int, since: float) -> bytes:
        """The JSON of the update that is their next message; it counts as sent at `since`."""
        self.at = (self.at + 1) % len(self._steps)
        self.waiting = True
        self.since = since
        return self._updates[self.at] % (update_id, update_id)


def _update(person: int, text: str) -> bytes:
    """An update's JSON with two blanks: its own id and the message's."""
    message: dict[str, object] = {
        "message_id": 0,
        "from": {"id": person, "is_bot": False, "first_name": "小明", "language_code": "zh-hans"},
        "chat": {"id": person, "type": "private", "first_name": "小明"},
        "date": 1_790_000_000,
        "text": text,
    }
    if text.startswith("/"):
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text)}]
    rest = json.dumps(message).removeprefix('{"message_id": 0').replace("%", "%%")
    return b'{"update_id":%d,"message":{"message_id":%d' + rest.encode() + b"}"


@dataclass(slots=True)
class Tally:
    """What was counted in one measured window, or over a whole round.

    Args:
        latencies: seconds from a message to its answer.
    """

    steps: int = 0
    calls: int = 0
    wrong: int = 0
    doubled: int = 0
    latencies: list[float] = field(default_factory=list)


class Crowd:
    """All the people of a round. In a rush everybody answers at once; at a pace messages are due at fixed moments;
    newcomers begin the walk and stay in the middle of it.
    """

    def __init__(self, walk: Walk, people: int, deliver: Callable[[bytes], None], *, first_update: int = 1) -> None:
        """`deliver` gets each new update's JSON; its id is counted from `first_update`."""
        self._walk: Walk = walk
        self._people = {person.id: person for person in (Person(walk, number) for number in range(people))}
        self._ring = self._around()
        self._deliver = deliver
        self._update_id = first_update - 1
        self._rushing = False
        self._newcomers: Iterator[Person] = iter(())
        self.settled = 0  # newcomers who are where they stay
        self.tally = Tally()  # of the window that is being measured
        self.all = Tally()
        self.surprises: list[str] = []  # the first wrong answers, to see what is the matter

    @property
    def waiting(self) -> int:
        """How many wait for an answer."""
        return sum(person.waiting for person in self._people.values())

    def rush(self) -> None:
        """From here on everybody sends as soon as they are answered."""
        self._rushing = True
        for person in self._people.values():
            if not person.waiting:
                self._send(person, time.perf_counter())

    def rest(self) -> None:
        """Nobody sends anything new; the answers that are still due may come."""
        self._rushing = False

    def let_in(self, count: int, steps: int, at_once: int) -> None:
        """So many newcomers take the walk's first steps and stop there, so many at a time."""
        first = len(self._people)
        self._newcomers = (Person(self._walk, first + number) for number in range(count))
        for _ in range(at_once):
            self._let_one_in(steps)

    def close(self) -> None:
        """No further newcomer comes in."""
        self._newcomers = iter(())

    def due(self, moment: float) -> None:
        """A message is due at this moment: the next person in the ring sends it as soon as they are free.

        Its latency counts from `moment`, so that a contestant that falls behind cannot hide it.
        """
        person = next(self._ring)
        if person.waiting:
            person.due.append(moment)
        else:
            self._send(person, moment)

    def answered(self, chat_id: int, text: str) -> None:
        """Judges a message that a contestant sent.

        What they had last, once more, is doubled: also while they wait for the next answer, which then comes after it.
        Anything older is wrong, as it is for a person, who reads an outdated question last.
        """
        person = self._people.get(chat_id)
        if person is None:
            self._count_wrong(text)
            return
        step = person.step
        if not (person.waiting and step.answer in text):
            if person.waiting and step.before and step.before in text:
                return
            if person.last and person.last.says(text):
                self.tally.doubled += 1
                self.all.doubled += 1
            else:
                self._count_wrong(text)
            return
        now = time.perf_counter()
        self.tally.steps += 1
        self.all.steps += 1
        self.tally.latencies.append(now - person.since)
        person.waiting = False
        person.last = step
        if self._rushing:
            self._send(person, now)
        elif person.due:
            self._send(person, person.due.popleft())
        elif person.to_go:
            person.to_go -= 1
            if person.to_go:
                self._send(person, now)
            else:
                self.settled += 1
                self._let_one_in(person.at + 1)

    def called(self) -> None:
        """Counts a call other than getUpdates."""
        self.tally.calls += 1
        self.all.calls += 1

    def _let_one_in(self, steps: int) -> None:
        person = next(self._newcomers, None)
        if person is not None:
            self._people[person.id] = person
            person.to_go = steps
            self._send(person, time.perf_counter())

    def _send(self, person: Person, since: float) -> None:
        self._update_id += 1
        self._deliver(person.send(self._update_id, since))

    def _count_wrong(self, text: str) -> None:
        if len(self.surprises) < _SURPRISES:
            self.surprises.append(text)
        self.tally.wrong += 1
        self.all.wrong += 1

    def _around(self) -> Iterator[Person]:
        everybody = tuple(self._people.values())  # without the newcomers
        while True:
            yield from everybody
