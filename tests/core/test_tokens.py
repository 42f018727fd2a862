"""The text of tokens and the keys that sign it (TOKENS Issue, Keys). What refuses a token is in tests/faces."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from core.errors import Unauthenticated
from core.keys import KeyRing, WeakKey, new_key_text
from core.tokens import Claims, Tokens, new_id
from core.values import Role
from tests.conftest import SetClock

KEY = bytes(range(32))
RING = KeyRing("k1", {"k1": KEY})


@pytest.fixture
def tokens() -> Tokens:
    return Tokens(RING, issuer="clinic-bot", audience="clinic")


@pytest.fixture
def claims(clock: SetClock) -> Claims:
    now = int(clock().timestamp())
    return Claims(
        account_id=7,
        role=Role.PATIENT,
        session_id=new_id(),
        jti=new_id(),
        issued_at=now,
        not_before=now,
        expires_at=now + 3600,
    )


def payload_of(text: str) -> dict[str, Any]:
    return jwt.decode(text, options={"verify_signature": False})


def test_a_token_says_what_was_put_in(tokens: Tokens, claims: Claims, clock: SetClock) -> None:
    assert tokens.read(tokens.sign(claims), clock()) == claims


def test_t2_a_token_has_hs256_kid_and_exactly_the_nine_claims(tokens: Tokens, claims: Claims) -> None:
    text = tokens.sign(claims)
    assert jwt.get_unverified_header(text) == {"alg": "HS256", "kid": "k1", "typ": "JWT"}
    assert set(payload_of(text)) == {"iss", "aud", "sub", "iat", "nbf", "exp", "jti", "sid", "role"}


def test_t3_ids_carry_128_random_bits() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(base64.urlsafe_b64decode(one + "==")) == 16 for one in ids)


def test_t4_sub_is_the_account_id_in_decimal(tokens: Tokens, claims: Claims) -> None:
    assert payload_of(tokens.sign(claims))["sub"] == "7"


@pytest.mark.parametrize(("issuer", "audience"), [("other", "clinic"), ("clinic-bot", "other")], ids=["iss", "aud"])
def test_t5_a_token_of_another_house_is_refused(
    tokens: Tokens, claims: Claims, clock: SetClock, issuer: str, audience: str
) -> None:
    other = Tokens(RING, issuer=issuer, audience=audience)
    with pytest.raises(Unauthenticated):
        tokens.read(other.sign(claims), clock())


@pytest.mark.parametrize("text", ["", "é" * 30, "\ud800.\ud800.\ud800"])
def test_t9_what_no_header_can_carry_is_refused_too(tokens: Tokens, clock: SetClock, text: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens.read(text, clock())


def test_t7_a_token_lives_until_the_second_before_exp(tokens: Tokens, claims: Claims) -> None:
    text = tokens.sign(claims)
    end = _at(claims.expires_at)
    assert tokens.read(text, end - timedelta(microseconds=1)) == claims
    with pytest.raises(Unauthenticated):
        tokens.read(text, end)


def test_t7_leeway_covers_exp_nbf_and_iat_alike(claims: Claims) -> None:
    tokens = Tokens(RING, issuer="clinic-bot", audience="clinic", leeway_seconds=30)
    text = tokens.sign(claims)
    assert tokens.read(text, _at(claims.expires_at + 30) - timedelta(microseconds=1)) == claims
    assert tokens.read(text, _at(claims.issued_at - 30)) == claims
    for moment in (_at(claims.expires_at + 30), _at(claims.issued_at - 31)):
        with pytest.raises(Unauthenticated):
            tokens.read(text, moment)


def test_t8_a_token_from_the_future_is_refused(tokens: Tokens, claims: Claims, clock: SetClock) -> None:
    ahead = claims.issued_at + 1
    for early in (replace(claims, not_before=ahead), replace(claims, issued_at=ahead)):
        with pytest.raises(Unauthenticated):
            tokens.read(tokens.sign(early), clock())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("k1", id="no key"),
        pytest.param(f"k1:{base64.b64encode(bytes(range(31))).decode()}", id="31 bytes"),
        pytest.param(f"k1:{base64.b64encode(bytes(32)).decode()}", id="all zero"),
        pytest.param("k1:%%%", id="no base64"),
        pytest.param(f"k 1:{base64.b64encode(KEY).decode()}", id="no id"),
        pytest.param(",".join([f"k1:{base64.b64encode(KEY).decode()}"] * 2), id="one id twice"),
    ],
)
def test_t28_a_weak_or_broken_key_is_refused(text: str) -> None:
    with pytest.raises(WeakKey):
        KeyRing.parse(text)


def test_t28_a_refused_key_is_never_quoted() -> None:
    weak = base64.b64encode(b"far too short").decode()
    with pytest.raises(WeakKey) as refusal:
        KeyRing.parse(f"k1:{weak}")
    assert weak not in str(refusal.value)


def test_t29_the_first_key_signs_and_both_are_accepted(claims: Claims, clock: SetClock) -> None:
    old, new = new_key_text(), new_key_text()
    before, during, after = (
        Tokens(KeyRing.parse(text), issuer="clinic-bot", audience="clinic") for text in (old, f"{new},{old}", new)
    )
    assert during.read(before.sign(claims), clock()) == claims
    assert after.read(during.sign(claims), clock()) == claims
    with pytest.raises(Unauthenticated):
        after.read(before.sign(claims), clock())


def test_t30_every_new_key_is_another() -> None:
    assert len({KeyRing.parse(new_key_text()).key for _ in range(10)}) == 10


def test_a_key_ring_never_shows_its_keys() -> None:
    assert repr(KEY)[2:20] not in repr(RING)


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
