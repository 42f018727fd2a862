"""The people of a benchmark judge every answer, whoever gives it."""

import json
import re

from benchmarks.people import FIRST_PERSON, Crowd


class _Bot:
    """Hears what the people send."""

    def __init__(self, people: int) -> None:
        self.heard: list[tuple[int, str]] = []
        self.crowd = Crowd("echo", people, self._hear)

    def _hear(self, update: bytes) -> None:
        message = json.loads(update)["message"]
        self.heard.append((message["chat"]["id"], message["text"]))

    def echo(self) -> None:
        """Answers all that was heard."""
        heard, self.heard = self.heard, []
        for person, text in heard:
            self.crowd.answered(person, text)


def test_who_is_answered_goes_on_and_what_does_not_belong_there_is_counted() -> None:
    bot = _Bot(2)
    bot.crowd.rush()
    bot.echo()
    assert bot.crowd.all.steps == 2
    bot.crowd.answered(FIRST_PERSON, "something else")
    bot.crowd.rest()
    bot.echo()
    bot.crowd.answered(FIRST_PERSON, "患者")
    assert (bot.crowd.all.steps, bot.crowd.all.wrong, bot.crowd.all.doubled, bot.crowd.waiting) == (4, 1, 1, 0)


def test_an_answer_that_comes_again_is_doubled_and_one_older_than_the_last_is_wrong() -> None:
    crowd = Crowd("register", 1, lambda _update: None)
    phone = "手机号：13800000000（未验证）"

    def faults(*texts: str) -> tuple[int, int]:
        for text in texts:
            crowd.answered(FIRST_PERSON, text)
        return crowd.all.wrong, crowd.all.doubled

    crowd.rush()
    assert faults("（1/9）", "（1/9）", "（2/9）", "（3/9）", phone, "（4/9）") == (0, 1)
    assert faults(phone, "（4/9）") == (0, 3)  # an answer of two messages, shown again whole
    assert faults("（3/9）") == (1, 3)


def test_newcomers_come_so_many_at_a_time_and_stay_in_the_middle_of_the_walk() -> None:
    bot = _Bot(1)
    bot.crowd.let_in(5, steps=2, at_once=2)
    assert [text for _, text in bot.heard] == ["/register", "/register"]
    said: list[str] = []
    while bot.heard:
        assert len(bot.heard) <= 2
        said += (text for _, text in bot.heard)
        bot.echo()
    assert (said.count("/register"), said.count("患者"), len(said)) == (5, 5, 10)
    assert (bot.crowd.settled, bot.crowd.waiting) == (5, 0)


def test_every_person_has_a_phone_number_of_their_own() -> None:
    bot = _Bot(3)
    bot.crowd.rush()
    for _ in range(3):
        bot.echo()
    assert len({text for _, text in bot.heard if re.fullmatch(r"1\d{10}", text)}) == 3
