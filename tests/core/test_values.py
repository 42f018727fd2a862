"""What people and attackers type, and what becomes of it (CONTRACT.md 1, DIALOGS rules 12, 14 and 27)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidValue
from core.values import Age, BirthDate, Email, Password, PersonName, Phone, Sex, Username


def fault(kind: type[Phone | Email | Username | PersonName | Password | BirthDate | Age | Sex], text: str) -> str:
    """The fault a text is refused for, without its field; `taken` if it is not."""
    try:
        kind.parse(text)
    except InvalidValue as refusal:
        return refusal.code.removeprefix(f"{refusal.field}.")
    return "taken"


@pytest.mark.parametrize(
    "text",
    [
        "13812345678",
        " 138 1234 5678 ",
        "138-1234-5678",
        "138–1234—5678",
        "(138)1234-5678",
        "（138）12345678",
        "１３８１２３４５６７８",
        "+8613812345678",
        "+86 138 1234 5678",
        "＋８６ 138 1234 5678",
        "008613812345678",
        "8613812345678",
        "13812345678\n",
        "138\u00a01234\u30005678",
    ],
)
def test_a_phone_is_taken_however_it_is_written(text: str) -> None:
    assert str(Phone.parse(text)) == "13812345678"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        (" -() ", "empty"),
        ("1381234567", "too_short"),
        ("138123456789", "too_long"),
        ("12812345678", "wrong_format"),
        ("01012345678", "wrong_format"),
        ("138１２３４٥٦٧٨", "wrong_characters"),
        ("1381234567a", "wrong_characters"),
        ("13812345678;DROP", "wrong_characters"),
        ("+85291234567", "wrong_characters"),
        ("13812345678\u202e", "wrong_characters"),
    ],
)
def test_what_is_no_mainland_mobile_is_refused_for_its_own_reason(text: str, says: str) -> None:
    assert fault(Phone, text) == says


@pytest.mark.parametrize("prefix", ["149", "154", "174", "192", "199"])
def test_living_prefixes_that_number_libraries_refuse_are_taken(prefix: str) -> None:
    assert str(Phone.parse(f"{prefix}12345678")) == f"{prefix}12345678"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("me@example.com", "me@example.com"),
        ("me@example.comciw", "me@example.comciw"),
        (" Me@Example.COM ", "Me@example.com"),
        ("me＠example.com", "me@example.com"),
        ("李@例子.中国", "李@例子.中国"),
    ],
)
def test_an_e_mail_is_kept_as_written_but_for_its_domain(text: str, kept: str) -> None:
    assert str(Email.parse(text)) == kept


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("me", "wrong_format"),
        ("me@", "wrong_format"),
        ("me@localhost", "wrong_format"),
        ("a@b@example.com", "wrong_format"),
        ("me@example.com\r\nBcc: you@example.com", "wrong_format"),
        ("x" * 250 + "@example.com", "too_long"),
    ],
)
def test_what_is_no_e_mail_is_refused(text: str, says: str) -> None:
    assert fault(Email, text) == says


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("王小明", "王小明"),
        (" 王 小明 ", "王 小明"),
        ("买买提·艾山", "买买提·艾山"),
        ("买买提•艾山", "买买提·艾山"),
        ("O'Brien", "O'Brien"),
        ("Jean-Luc St. Pierre", "Jean-Luc St. Pierre"),
        ("Jose\u0301", "José"),
        ("𠮷田", "𠮷田"),
        ("\U00031350", "\U00031350"),
        ("محمد", "محمد"),
        ("प्रिया", "प्रिया"),
        ("རྒྱ་མཚོ".replace("་", " "), "རྒྱ མཚོ"),
        ("葛\U000e0100城", "葛\U000e0100城"),
        ("လျှို့", "လျှို့"),
        ("a" * 50, "a" * 50),
    ],
)
def test_names_of_all_scripts_are_taken(text: str, kept: str) -> None:
    assert str(PersonName.parse(text)) == kept


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("\u3000 ", "empty"),
        ("a" * 51, "too_long"),
        ("王小明1", "wrong_characters"),
        ("<b>王</b>", "wrong_characters"),
        ("王\n小明", "wrong_characters"),
        ("王\u202e小明", "wrong_characters"),
        ("王\u2066小明", "wrong_characters"),
        ("王\u200b小明", "wrong_characters"),
        ("王😀", "wrong_characters"),
        ("王\x00", "wrong_characters"),
        ("\u3164\u3164", "wrong_characters"),
        ("王\u3164", "wrong_characters"),
        ("王\u034f小明", "wrong_characters"),
        ("王小明\ufe00", "wrong_characters"),
        ("王" + "\u0489" * 9, "wrong_characters"),
        ("\u0301\u0302", "wrong_format"),
        ("···", "wrong_format"),
        ("'", "wrong_format"),
    ],
)
def test_what_is_no_name_is_refused(text: str, says: str) -> None:
    assert fault(PersonName, text) == says


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("ab", "too_short"),
        ("abc", "taken"),
        ("a" * 16, "taken"),
        ("a" * 17, "too_long"),
        ("dr_han.2", "taken"),
        ("李医生", "taken"),
        ("a\u202eb c", "wrong_characters"),
        ("a\tbc", "wrong_characters"),
        ("\ufdfa" * 16, "wrong_characters"),
        ("\u2800" * 3, "wrong_characters"),
        ("\ufe0f" * 3, "wrong_characters"),
        ("a" + "\u0315" * 15, "wrong_characters"),
        ("❤\ufe0f❤", "taken"),
    ],
)
def test_a_username_has_3_to_16_visible_characters(text: str, says: str) -> None:
    assert fault(Username, text) == says


@pytest.mark.parametrize("other", ["DR_HAN", "ｄｒ＿ｈａｎ"])
def test_usernames_are_compared_without_case_and_width(other: str) -> None:
    assert Username.parse(other).folded == Username.parse("dr_han").folded


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("1234567", "too_short"),
        ("12345678", "taken"),
        ("一二三四五六七八", "taken"),
        ("x" * 64, "taken"),
        ("😀" * 64, "taken"),
        ("x" * 65, "too_long"),
        ("x" * 100_000, "too_long"),
        (" 12345678", "outer_space"),
        ("12345678\n", "outer_space"),
        ("12345678\u3000", "outer_space"),
        ("1234 5678", "taken"),
        ("1234\x005678", "wrong_characters"),
        ("1234\x7f5678", "wrong_characters"),
        ("1234\ud8005678", "wrong_characters"),
        ("/start123", "taken"),
    ],
)
def test_a_password_has_8_to_64_characters_of_any_kind(text: str, says: str) -> None:
    assert fault(Password, text) == says


def test_a_password_never_shows_in_a_repr_nor_its_length_in_a_refusal() -> None:
    assert "correct horse" not in repr(Password.parse("correct horse", own=["correct horse"]))
    with pytest.raises(InvalidValue) as refusal:
        Password.parse("1234567")
    assert refusal.value.params == {"min": 8}


@pytest.mark.parametrize("given", [0, "0", "male", " Male ", "男", "男性", "０"])
def test_words_for_male(given: str | int) -> None:
    assert Sex.parse(given) is Sex.MALE


@pytest.mark.parametrize(
    ("given", "sex"), [(1, Sex.FEMALE), ("女", Sex.FEMALE), (2, Sex.UNDISCLOSED), ("保密", Sex.UNDISCLOSED)]
)
def test_words_for_the_others(given: str | int, sex: Sex) -> None:
    assert Sex.parse(given) is sex


@pytest.mark.parametrize(("text", "says"), [("", "empty"), ("3", "wrong_format"), ("men", "wrong_format")])
def test_what_is_no_sex_is_refused(text: str, says: str) -> None:
    assert fault(Sex, text) == says


@pytest.mark.parametrize(
    "text",
    [
        "1990-01-31",
        "1990/1/31",
        "1990.01.31",
        "19900131",
        "1990年1月31日",
        "1990 年 1 月 31 號",
        "１９９０－０１－３１",
        " 1990 1 31 ",
        "31/1/1990",
        "1/31/1990",
        "31 January 1990",
        "31 jan. 1990",
        "31-Jan-1990",
        "January 31st, 1990",
        "JAN 31 1990",
    ],
)
def test_a_birth_date_is_taken_however_it_is_written(text: str) -> None:
    assert BirthDate.parse(text).value == date(1990, 1, 31)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("yesterday", "wrong_format"),
        ("90-01-31", "wrong_format"),
        ("1990-01-31T00:00", "wrong_format"),
        ("1990-02-30", "no_such_day"),
        ("19901332", "no_such_day"),
        ("0000-01-01", "no_such_day"),
        ("01/02/1990", "ambiguous"),
        ("31 February 1990", "no_such_day"),
        ("31 somewhen 1990", "no_such_day"),
        ("January 1990", "wrong_format"),
        ("02/02/1990", "taken"),
    ],
)
def test_what_is_no_day_is_refused(text: str, says: str) -> None:
    assert fault(BirthDate, text) == says


def test_a_birthday_lies_between_today_and_150_years_ago() -> None:
    today = date(2026, 3, 1)
    for day in (today, date(1875, 3, 2)):
        assert BirthDate(day).check(today).value == day
    for day, says in ((date(2026, 3, 2), "in_future"), (date(1875, 3, 1), "too_old")):
        with pytest.raises(InvalidValue, match=rf"birth_date\.{says}"):
            BirthDate(day).check(today)


def test_who_was_born_on_a_29th_of_february_is_a_year_older_on_the_1st_of_march() -> None:
    born = BirthDate(date(2000, 2, 29))
    assert (born.age(date(2026, 2, 28)), born.age(date(2026, 3, 1))) == (25, 26)


@pytest.mark.parametrize(("given", "years"), [(0, 0), ("150", 150), ("３５", 35), ("35岁", 35), ("007", 7), ("-0", 0)])
def test_an_age_is_taken(given: str | int, years: int) -> None:
    assert Age.parse(given).value == years


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("-1", "too_low"),
        ("151", "too_high"),
        ("9" * 5000, "too_high"),
        ("3.5", "wrong_characters"),
        ("thirty", "wrong_characters"),
    ],
)
def test_what_is_no_age_is_refused(text: str, says: str) -> None:
    assert fault(Age, text) == says


@pytest.mark.parametrize("kind", [Phone, Email, Username, PersonName, Password, BirthDate, Age, Sex])
@given(text=st.text(max_size=80))
def test_nothing_that_can_be_typed_breaks_a_parser_and_what_is_taken_is_taken_again(
    kind: type[Phone | Email | Username | PersonName | BirthDate | Age], text: str
) -> None:
    try:
        value = kind.parse(text)
    except InvalidValue:
        return
    again = value.value if isinstance(value, Password) else str(value)
    assert kind.parse(again) == value
