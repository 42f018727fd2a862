"""What people type and services send as values: taken in one normal form, or refused as core does."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from core.account import parse_number
from core.audit import Audit
from core.crockford import parse_number as parse_request_number
from core.errors import AccountError, InvalidValue, Unauthenticated
from core.import_lines import COLUMNS, ImportLine
from core.keys import KeyRing, WeakKey
from core.logs import _text
from core.notes import Note
from core.passwords import PasswordHash
from core.places import parse_id
from core.profile_values import Address, AvatarUrl, InternalId, MedicalHistory, PositionRank, Speciality
from core.reasons import Message, Refusal, parse_codes
from core.sealing import SealBroken, Sealer
from core.second_factors import SecondFactorCode
from core.tokens import Claims, Tokens, new_id
from core.values import Age, BirthDate, Email, Password, PersonName, Phone, Role, Sex, Username
from tests.fuzz.material import Material

PARSERS: Final[tuple[Callable[[str], Any], ...]] = (
    Phone.parse,
    Email.parse,
    PersonName.parse,
    Username.parse,
    BirthDate.parse,
    Age.parse,
    Sex.parse,
    Password.parse,
    Address.parse,
    AvatarUrl.parse,
    InternalId.parse,
    MedicalHistory.parse,
    PositionRank.parse,
    Speciality.parse,
    SecondFactorCode.parse,
    Note.parse,
    Message.parse,
)
NUMBERS: Final[tuple[Callable[[str], Any], ...]] = (
    parse_number,
    parse_request_number,
    parse_codes,
    parse_id,
    Audit.is_head,
    PasswordHash.imported,
    lambda text: Refusal.parse(*text.partition(" ")[::2]),
)
_NOW: Final = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
_RING: Final = KeyRing.parse("k1:MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=")
_TOKENS: Final = Tokens(_RING, issuer="clinic-bot", audience="clinic", leeway_seconds=0)
_STAMP: Final = int(_NOW.timestamp())
_CLAIMS: Final = Claims(7, Role.PATIENT, new_id(), new_id(), _STAMP, _STAMP, _STAMP + 3600)
TOKEN: Final = _TOKENS.sign(_CLAIMS)
_SEALER: Final = Sealer(_RING, "fuzz")
SEALED: Final = _SEALER.seal(b"health data", b"here")


def value(data: bytes) -> None:
    """Taken, and taken as the same again; a phone is eleven ASCII digits whatever it came as."""
    material = Material(data)
    parse = material.one_of(PARSERS)
    try:
        taken = parse(material.rest().decode("utf-8", "surrogatepass" if material.yes() else "replace"))
    except (InvalidValue, UnicodeDecodeError):
        return
    if parse == Phone.parse:
        assert len(str(taken)) == 11
        assert str(taken).isascii()
        assert str(taken).isdigit()
    if parse not in {Sex.parse, PositionRank.parse, Password.parse}:  # what these keep is not what is typed
        assert parse(str(taken.value)) == taken, taken


def number(data: bytes) -> None:
    """Numbers of accounts, requests and places, reason codes, heads of the audit, foreign hashes."""
    material = Material(data)
    parse = material.one_of(NUMBERS)
    try:
        parse(material.rest().decode("utf-8", "replace"))
    except (InvalidValue, AccountError):
        return


def token(data: bytes) -> None:
    """Nothing is a token of ours but what we have signed, whatever is hung on to it (TOKENS T9, T16)."""
    try:
        claims = _TOKENS.read(data.decode("utf-8", "surrogateescape"), _NOW)
    except Unauthenticated:
        return
    assert claims == _CLAIMS


def keys(data: bytes) -> None:
    """A ring is strong enough, or refused without a part of it in the words (TOKENS T28)."""
    try:
        ring = KeyRing.parse(data.decode("utf-8", "replace"))
    except WeakKey:
        return
    assert all(len(key) >= 32 for key in ring.keys.values())
    assert KeyRing.parse(ring.text) == ring


def sealed(data: bytes) -> None:
    """Nothing opens but what we have sealed (SECURITY.md At rest)."""
    try:
        assert _SEALER.open(data, b"here") == b"health data"
        assert data == SEALED
    except SealBroken:
        return


def import_line(data: bytes) -> None:
    """A line of another service's accounts."""
    material = Material(data)
    columns = list(COLUMNS)
    texts = {material.one_of(columns): material.text() for _ in range(material.number() % 12)}
    try:
        line = ImportLine.parse({"role": "doctor", "source_id": "1", "password_hash": FOREIGN_HASH} | texts)
    except (InvalidValue, AccountError):
        return
    assert line.role in {Role.PATIENT, Role.DOCTOR}


def log_line(data: bytes) -> None:
    """Whatever is logged stays on its line, hides nothing and shows no token of ours."""
    shown = _text(data.decode("utf-8", "replace"))
    assert not _HIDING.search(shown), shown
    assert TOKEN not in shown


_HIDING: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
FOREIGN_HASH: Final = "$2b$04$" + "a" * 21 + "." + "b" * 30 + "."
