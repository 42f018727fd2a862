"""Values of a profile, each of which cannot hold what is wrong (CONTRACT.md 1). Refusals as in core.values."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, Self

from pydantic import TypeAdapter, ValidationError
from pydantic_core import Url

from core.values import TextValue, fold, is_unseen, plain, refusal

_BIDI: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SPACES: Final = re.compile(r"[^\S\n]+")
_URL: Final = TypeAdapter(Url)


@dataclass(frozen=True, slots=True)
class FreeText(TextValue):
    """Kept as typed but for white space around it; controls and what turns the direction of text are refused."""

    FIELD: ClassVar[str]
    MAX: ClassVar[int]
    LINES: ClassVar[bool] = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """At most MAX characters, on one line unless LINES."""
        bare = unicodedata.normalize("NFC", text).replace("\r\n", "\n").strip()
        if not bare or all(is_unseen(char) or char.isspace() for char in bare):
            raise refusal(cls.FIELD, "empty")
        if not cls.LINES:
            bare = _SPACES.sub(" ", bare)
        if len(bare) > cls.MAX:
            raise refusal(cls.FIELD, "too_long", max=cls.MAX, given=len(bare))
        if _BIDI.search(bare) or any(cls._is_control(char) for char in bare):
            raise refusal(cls.FIELD, "wrong_characters")
        return cls(bare)

    @classmethod
    def _is_control(cls, char: str) -> bool:
        return unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} and not (cls.LINES and char in "\n\t")


class Address(FreeText):
    """Where a patient lives."""

    FIELD = "address"
    MAX = 255
    LINES = True


class MedicalHistory(FreeText):
    """Health data: sealed at rest, shown to its owner alone."""

    FIELD = "medical_history"
    MAX = 5000
    LINES = True

    def __repr__(self) -> str:
        return "MedicalHistory(…)"  # no trace and no log may show it


class Speciality(FreeText):
    """What a doctor is good at."""

    FIELD = "speciality"
    MAX = 255
    LINES = True


class ClinicName(FreeText):
    """The clinic a doctor works at, in their own words."""

    FIELD = "clinic"
    MAX = 100


class PlaceName(FreeText):
    """What a hospital or department is called."""

    FIELD = "name"
    MAX = 100


class Intro(FreeText):
    """What a doctor says of themselves."""

    FIELD = "intro"
    MAX = 200
    LINES = True


class School(FreeText):
    """Where a doctor studied."""

    FIELD = "school"
    MAX = 50


class Major(FreeText):
    """What a doctor studied."""

    FIELD = "major"
    MAX = 50


@dataclass(frozen=True, slots=True)
class WeChat(TextValue):
    """A WeChat name: at most 20 visible characters, unique without regard to case or width."""

    MAX: ClassVar[int] = 20
    MAX_FOLDED: ClassVar[int] = 80

    @classmethod
    def parse(cls, text: str) -> Self:
        """Spaces around are dropped, none may be inside."""
        bare = plain(text)
        if not bare:
            raise refusal("wechat", "empty")
        if len(bare) > cls.MAX:
            raise refusal("wechat", "too_long", max=cls.MAX, given=len(bare))
        if any(is_unseen(char) or char.isspace() for char in bare) or len(fold(bare)) > cls.MAX_FOLDED:
            raise refusal("wechat", "wrong_characters")
        return cls(bare)

    @property
    def folded(self) -> str:
        """What must be unique over all accounts."""
        return fold(self.value)


@dataclass(frozen=True, slots=True)
class FixedPhone(TextValue):
    """A landline as people write it: digits with spaces, hyphens, brackets, a leading plus; at most 15 characters."""

    MAX: ClassVar[int] = 15

    @classmethod
    def parse(cls, text: str) -> Self:
        """Takes full-width digits and brackets."""
        bare = plain(text)
        if not bare:
            raise refusal("fixed_phone", "empty")
        if len(bare) > cls.MAX:
            raise refusal("fixed_phone", "too_long", max=cls.MAX, given=len(bare))
        if not re.fullmatch(r"\+?[0-9 ()-]+", bare) or not re.search("[0-9]", bare):
            raise refusal("fixed_phone", "wrong_characters")
        return cls(bare)


@dataclass(frozen=True, slots=True)
class InternalId(TextValue):
    """A doctor's number within their hospital: 1-32 of `A-Za-z0-9_-`."""

    MAX: ClassVar[int] = 32

    @classmethod
    def parse(cls, text: str) -> Self:
        """Takes full-width characters and spaces around."""
        bare = plain(text)
        if not bare:
            raise refusal("internal_id", "empty")
        if len(bare) > cls.MAX:
            raise refusal("internal_id", "too_long", max=cls.MAX, given=len(bare))
        if not re.fullmatch(r"[A-Za-z0-9_-]+", bare):
            raise refusal("internal_id", "wrong_characters")
        return cls(bare)


@dataclass(frozen=True, slots=True)
class AvatarUrl(TextValue):
    """An https address of at most 255 characters. Nobody here ever fetches it."""

    MAX: ClassVar[int] = 255

    @classmethod
    def parse(cls, text: str) -> Self:
        """Spaces around are dropped."""
        bare = text.strip()
        if not bare:
            raise refusal("avatar_url", "empty")
        if len(bare) > cls.MAX:
            raise refusal("avatar_url", "too_long", max=cls.MAX, given=len(bare))
        # What browsers forgive (a missing slash, white space inside) is not an address to show to others.
        strange = any(is_unseen(char) or char.isspace() or char in '\\<>"' for char in bare)
        if strange or not re.match("https://[^/]", bare, re.IGNORECASE):
            raise refusal("avatar_url", "wrong_format")
        try:
            url = _URL.validate_python(bare)
        except ValidationError:
            raise refusal("avatar_url", "wrong_format") from None
        if not url.host or url.username or url.password:
            raise refusal("avatar_url", "wrong_format")
        return cls(bare)


class PositionRank(StrEnum):
    """A doctor's rank."""

    RESIDENT = "resident"
    ATTENDING = "attending"
    ASSOCIATE_CHIEF = "associate_chief"
    CHIEF = "chief"

    @property
    def label(self) -> str:
        """As the documents write it: 主任医师."""
        return _RANKS[self]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Takes the name and the label, in traditional characters too."""
        bare = plain(text).casefold().replace("醫師", "医师").replace(" ", "_")
        if not bare:
            raise refusal("position_rank", "empty")
        for rank in cls:
            if bare in {rank.value, rank.label}:
                return rank
        raise refusal("position_rank", "wrong_format")


_RANKS: Final = {
    PositionRank.RESIDENT: "住院医师",
    PositionRank.ATTENDING: "主治医师",
    PositionRank.ASSOCIATE_CHIEF: "副主任医师",
    PositionRank.CHIEF: "主任医师",
}
