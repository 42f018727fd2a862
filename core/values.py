"""Values that cannot hold what is wrong. Each `parse` forgives ways of writing and refuses the rest (CONTRACT.md 1).

Used by dialogs and routes alike. A refusal is InvalidValue with code `<field>.<fault>`; the faults are empty,
too_short, too_long, too_low, too_high, wrong_characters, wrong_format, no_such_day, ambiguous, in_future, too_old,
outer_space.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import ClassVar, Self

from email_validator import EmailNotValidError, validate_email

from core.errors import InvalidValue

DASHES = "‐‑‒–—―−-"
_SEPARATORS = re.compile(rf"[\s()\[\]【】（）{DASHES}]")
_UNSEEN = frozenset(
    {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
)  # control, format with bidi, surrogate, private, unassigned


# What shows nothing, whatever its category says: fillers of Hangul and Khmer, the grapheme joiner, empty Braille.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\U0001d159")
_VARIATIONS = frozenset(map(chr, range(0xFE00, 0xFE10)))  # of symbols and emoji; names in Han have others
_MARKS_IN_A_ROW = re.compile(r"\*{9}")  # no word has so many (Tai Tham: six); they would hide the lines above


class Role(StrEnum):
    """What an account is for; fixed at its creation."""

    DOCTOR = "doctor"
    PATIENT = "patient"
    EXPERT = "expert"
    ADMIN = "admin"


def fold(text: str) -> str:
    """The form in which names that must be unique are compared: no case, no width."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def refusal(field_name: str, fault: str, **params: str | int) -> InvalidValue:
    """What a `parse` raises: `<field>.<fault>`."""
    return InvalidValue(f"{field_name}.{fault}", field=field_name, **params)


def plain(text: str) -> str:
    """Half-width and without white space around."""
    return unicodedata.normalize("NFKC", text).strip()


@dataclass(frozen=True, slots=True)
class TextValue:
    """A value that is text."""

    value: str

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Phone(TextValue):
    """A mainland mobile number: 11 ASCII digits, `1[3-9]…`. The plain rule: number libraries refuse living prefixes."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Takes full-width digits, spaces, hyphens, brackets, and +86, 0086 or 86 in front."""
        bare = _SEPARATORS.sub("", plain(text))
        if not bare:
            raise refusal("phone", "empty")
        digits = re.sub(r"\A(?:\+86|0086|86(?=[0-9]{11}\Z))", "", bare)
        if not re.fullmatch(r"[0-9]+", digits):
            raise refusal("phone", "wrong_characters")
        if len(digits) != 11:
            raise refusal("phone", "too_short" if len(digits) < 11 else "too_long", min=11, max=11, given=len(digits))
        if not re.fullmatch(r"1[3-9][0-9]{9}", digits):
            raise refusal("phone", "wrong_format")
        return cls(digits)


@dataclass(frozen=True, slots=True)
class Email(TextValue):
    """A valid address of at most 254 characters, kept as written but for its domain's case."""

    MAX: ClassVar[int] = 254

    @classmethod
    def parse(cls, text: str) -> Self:
        """Takes a full-width at sign and spaces around."""
        bare = plain(text)
        if not bare:
            raise refusal("email", "empty")
        if len(bare) > cls.MAX:
            raise refusal("email", "too_long", max=cls.MAX, given=len(bare))
        try:
            address = validate_email(bare, check_deliverability=False).normalized
        except EmailNotValidError:
            raise refusal("email", "wrong_format") from None
        if len(fold(address)) > cls.MAX:
            raise refusal("email", "too_long", max=cls.MAX, given=len(fold(address)))
        return cls(address)

    @property
    def folded(self) -> str:
        """What must be unique over all accounts."""
        return fold(self.value)


@dataclass(frozen=True, slots=True)
class Username(TextValue):
    """3-16 characters that can be seen, as a name can, unique over all roles without regard to case or width."""

    MIN: ClassVar[int] = 3
    MAX: ClassVar[int] = 16
    MAX_FOLDED: ClassVar[int] = 48

    @classmethod
    def parse(cls, text: str) -> Self:
        """Spaces around are dropped."""
        bare = unicodedata.normalize("NFC", text).strip()
        if not bare:
            raise refusal("username", "empty")
        if len(bare) < cls.MIN or len(bare) > cls.MAX:
            fault = "too_short" if len(bare) < cls.MIN else "too_long"
            raise refusal("username", fault, min=cls.MIN, max=cls.MAX, given=len(bare))
        # Some ligatures fold into a dozen letters: what does not fit the column is no name anyone types.
        strange = any(is_unseen(char) or char in _BLANK or (char.isspace() and char != " ") for char in bare)
        marks = _marks(bare)
        if strange or _MARKS_IN_A_ROW.search(marks) or not marks.strip("* ") or len(fold(bare)) > cls.MAX_FOLDED:
            raise refusal("username", "wrong_characters")
        return cls(bare)

    @property
    def folded(self) -> str:
        """What must be unique over all accounts."""
        return fold(self.value)


@dataclass(frozen=True, slots=True)
class PersonName(TextValue):
    """1-50 letters and marks of any script, with space, `·`, hyphen, apostrophe and full stop between them; NFC.

    It can be seen: no blank letters, no marks alone, at most eight of them in a row (CONTRACT.md 1).
    """

    MAX: ClassVar[int] = 50

    @classmethod
    def parse(cls, text: str) -> Self:
        """Takes the other middle dots and the ideographic space; spaces around are dropped, those inside made one."""
        dotted = re.sub("[•・‧∙⋅･]", "·", unicodedata.normalize("NFC", text))
        bare = re.sub("[ \u3000]+", " ", dotted).strip()
        if not bare:
            raise refusal("name", "empty")
        if len(bare) > cls.MAX:
            raise refusal("name", "too_long", max=cls.MAX, given=len(bare))
        if not all(_is_letter(char) or char in " ·-'’." for char in bare):
            raise refusal("name", "wrong_characters")
        marks = _marks(bare)
        if not any(_is_letter(char) for char, mark in zip(bare, marks, strict=True) if mark != "*"):
            raise refusal("name", "wrong_format")
        if _MARKS_IN_A_ROW.search(marks):
            raise refusal("name", "wrong_characters")
        return cls(bare)


def _marks(text: str) -> str:
    """A star for each mark, a space for each space, a point for all else."""
    return "".join("*" if unicodedata.category(char)[0] == "M" else " " if char == " " else "." for char in text)


def _is_letter(char: str) -> bool:
    if char in _BLANK or char in _VARIATIONS:
        return False
    # Python's tables lag behind Unicode; planes 2 and 3 are set aside for Han, so rare names are not refused.
    return unicodedata.category(char)[0] in "LM" or 0x20000 <= ord(char) <= 0x3FFFD


def is_unseen(char: str) -> bool:
    """Whether a character shows nothing, or does something to others, where people expect letters."""
    return char in _BLANK or unicodedata.category(char) in _UNSEEN


@dataclass(frozen=True, slots=True)
class Password:
    """A new password of right form, NFKC. Whether it is common or its owner's own data is for Passwords to judge.

    `own` holds the owner's phone, name, username and e-mail local part, as far as known.
    """

    value: str = field(repr=False)
    own: tuple[str, ...] = field(default=(), repr=False)

    MIN: ClassVar[int] = 8
    MAX: ClassVar[int] = 64
    MAX_BYTES: ClassVar[int] = 1024

    @classmethod
    def parse(cls, text: str, own: Iterable[str] = ()) -> Self:
        """Takes it exactly as received; the only change is NFKC. Never says how long the given one was."""
        if not text:
            raise refusal("password", "empty")
        if len(text) > cls.MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > cls.MAX_BYTES:
            raise refusal("password", "too_long", max=cls.MAX)
        if text != text.strip():
            raise refusal("password", "outer_space")
        normal = unicodedata.normalize("NFKC", text)
        if any(unicodedata.category(char) in {"Cc", "Cs"} for char in normal):
            raise refusal("password", "wrong_characters")
        if len(normal) < cls.MIN:
            raise refusal("password", "too_short", min=cls.MIN)
        if len(normal) > cls.MAX:
            raise refusal("password", "too_long", max=cls.MAX)
        return cls(normal, tuple(own))


_SEX_WORDS = {
    "male": ("0", "male", "m", "man", "男", "男性", "先生"),
    "female": ("1", "female", "f", "woman", "女", "女性", "女士"),
    "undisclosed": ("2", "undisclosed", "保密", "不透露", "不公开", "不公開"),
}


class Sex(StrEnum):
    """As stored; the wire's numbers are 0 male, 1 female, 2 undisclosed."""

    MALE = "male"
    FEMALE = "female"
    UNDISCLOSED = "undisclosed"

    @classmethod
    def parse(cls, given: str | int) -> Self:
        """Takes the wire's number or word, and what people write."""
        bare = plain(str(given)).casefold()
        if not bare:
            raise refusal("sex", "empty")
        for name, words in _SEX_WORDS.items():
            if bare in words:
                return cls(name)
        raise refusal("sex", "wrong_format")


_YEAR_FIRST = re.compile(r"([0-9]{4})[-/.年 ]([0-9]{1,2})[-/.月 ]([0-9]{1,2})[日号號]?")
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})[-/. ]([0-9]{1,2})[-/. ]([0-9]{4})")
_DAY, _MONTH, _YEAR = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?", r"(?P<month>[a-z]{3,9})", r"(?P<year>[0-9]{4})"
_DAY_THEN_MONTH = re.compile(rf"{_DAY}[-/. ]?{_MONTH}[-/., ]*{_YEAR}")
_MONTH_THEN_DAY = re.compile(rf"{_MONTH}[-/. ]*{_DAY}[-/., ]+{_YEAR}")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)


@dataclass(frozen=True, slots=True)
class BirthDate:
    """A day in the calendar. Whether it can be a birthday depends on today: see `check`."""

    value: date

    MAX_AGE: ClassVar[int] = 150

    def __str__(self) -> str:
        return self.value.isoformat()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Takes `1990-01-31`, `1990/1/31`, `1990.1.31`, `1990年1月31日`, `19900131`, `31 January 1990`, `Jan 31, 1990`,
        and day or month first when only one reading is a day.
        """
        bare = re.sub(rf"[{DASHES}]", "-", plain(text)).casefold()
        if not bare:
            raise refusal("birth_date", "empty")
        bare = re.sub(r"\s*([-/.年月日号號])\s*", r"\1", re.sub(r"\s+", " ", bare))
        if match := _YEAR_FIRST.fullmatch(bare) or _COMPACT.fullmatch(bare):
            days = {_day(match[1], match[2], match[3])}
        elif match := _YEAR_LAST.fullmatch(bare):
            days = {_day(match[3], match[2], match[1]), _day(match[3], match[1], match[2])}
        elif match := _DAY_THEN_MONTH.fullmatch(bare) or _MONTH_THEN_DAY.fullmatch(bare):
            days = {_day(match["year"], _month(match["month"]), match["day"])}
        else:
            raise refusal("birth_date", "wrong_format")
        found = days - {None}
        if len(found) > 1:
            raise refusal("birth_date", "ambiguous")
        for day in found:
            if day is not None:
                return cls(day)
        raise refusal("birth_date", "no_such_day")

    def check(self, today: date) -> Self:
        """Refuses a day after `today` or more than 150 years before it. `today` is the clinic's."""
        if self.value > today:
            raise refusal("birth_date", "in_future")
        if self.age(today) > self.MAX_AGE:
            raise refusal("birth_date", "too_old", max=self.MAX_AGE)
        return self

    def age(self, today: date) -> int:
        """Whole years on that day."""
        before_birthday = (today.month, today.day) < (self.value.month, self.value.day)
        return today.year - self.value.year - before_birthday


def _month(name: str) -> str:
    """The number of an English month, whole or cut short; 0 for another word."""
    return str(next((number for number, month in enumerate(_MONTHS, 1) if month.startswith(name)), 0))


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Age:
    """Whole years, 0-150."""

    value: int

    MAX: ClassVar[int] = 150

    def __str__(self) -> str:
        return str(self.value)

    @classmethod
    def parse(cls, given: str | int) -> Self:
        """Takes full-width digits and the word for years behind them."""
        bare = re.sub(r"\s*(?:周?岁|周?歲|years?( old)?)\Z", "", plain(str(given)))
        if not bare:
            raise refusal("age", "empty")
        if not re.fullmatch(r"[+-]?[0-9]+", bare):
            raise refusal("age", "wrong_characters")
        if bare.startswith("-") and bare.strip("-0"):
            raise refusal("age", "too_low", min=0)
        years = bare.lstrip("+-").lstrip("0") or "0"
        if len(years) > 3 or int(years) > cls.MAX:
            raise refusal("age", "too_high", max=cls.MAX)
        return cls(int(years))
