"""Tokens, the same wherever one is shown (TOKENS Issue, Verify, Refresh)."""

import asyncio
import base64
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update

from core.audit import Action
from core.settings import Secrets
from core.tokens import WINDOW
from core.values import Role
from storage import account_chats
from storage.tables.accounts import audit, outbox, sessions
from tests.faces.face import OK, OUT, PASSWORD, PHONE, Face, Seen
from tests.faces.forgeries import claims, forgeries, signed
from tests.faces.http_face import HttpFace
from tests.faces.rules import proves

LI = 700_000_000_001  # a Telegram user the account remembers


async def is_alive(face: Face, token: str) -> bool:
    """Whether the token opens anything."""
    seen = await face.see(token)
    assert seen == OUT or isinstance(seen, Seen)
    return seen != OUT


async def renewed(face: Face, token: str) -> str:
    """The token's successor."""
    fresh: str = await face.refresh(token)
    assert fresh != OUT
    return fresh


@proves("TOKENS T1", "TOKENS T2", "TOKENS T3", "TOKENS T4", "TOKENS T5")
async def test_t2_a_token_says_who_for_how_long_and_nothing_else(face: Face, secrets: Secrets) -> None:
    said = claims(await face.newcomer())
    account = await face.account()
    assert account is not None
    now = int(face.clock().timestamp())
    assert said == {
        "iss": "clinic-bot",
        "aud": "clinic",
        "sub": str(account.id),
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
        "jti": said["jti"],
        "sid": said["sid"],
        "role": "patient",
    }
    assert [len(base64.urlsafe_b64decode(said[name] + "==")) for name in ("jti", "sid")] == [16, 16]


@proves("TOKENS T6", "TOKENS T9")
async def test_a_rightly_signed_copy_is_the_token_itself(face: Face, secrets: Secrets) -> None:
    """What the forgeries below would be if nothing were wrong with them."""
    token = await face.newcomer()
    assert await is_alive(face, signed(claims(token), secrets.signing.now))


@proves("TOKENS T5", "TOKENS T6", "TOKENS T9")
async def test_t6_t9_no_forgery_is_taken_and_none_ends_the_real_one(face: Face, secrets: Secrets) -> None:
    token = await face.newcomer()
    for statement, name, forge in forgeries():
        assert not await is_alive(face, forge(token, secrets.signing.now)), f"{statement} {name}"
        assert await face.refresh(forge(token, secrets.signing.now)) == OUT, f"{statement} {name}, refreshed"
    assert await is_alive(face, token)


@proves("TOKENS T7")
async def test_t7_a_token_lives_until_the_second_before_exp(face: Face) -> None:
    token = await face.newcomer()
    end = claims(token)["exp"]
    face.clock.advance(seconds=end - face.clock().timestamp() - 0.001)
    assert await is_alive(face, token)
    face.clock.advance(seconds=0.001)
    assert not await is_alive(face, token)


@proves("TOKENS T8")
@pytest.mark.parametrize("claim", ["nbf", "iat"])
async def test_t8_a_token_from_the_future_is_refused(face: Face, secrets: Secrets, claim: str) -> None:
    said = claims(await face.newcomer())
    assert not await is_alive(face, signed(said | {claim: said[claim] + 1}, secrets.signing.now))


@proves("TOKENS T10")
async def test_t10_a_token_is_read_from_the_authorization_header_alone(face: HttpFace) -> None:
    token = await face.newcomer()
    me, send = "/api/auth/me", face.client.post
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert (await send(me, headers={"Authorization": f"{scheme} {token}"})).status_code == 200
    cookies = httpx.Cookies({"token": token, "access_token": token, "Authorization": f"Bearer {token}"})
    elsewhere = [
        await send(f"{me}?token={token}&access_token={token}"),
        await send(me, json={"token": token, "access_token": token}),
        await send(me, data={"access_token": token}),
        await send(me, headers={"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}),
        await send(me, headers={"X-Authorization": f"Bearer {token}", "Token": token}),
        await send(me, headers={"Authorization": token}),
        await send(me, headers={"Authorization": f"Token {token}"}),
        await send(me, headers={"Authorization": f"Bearer {token} {token}"}),
        await send(me, headers=[("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]),
    ]
    assert [answer.status_code for answer in elsewhere] == [401] * len(elsewhere)


@proves("CONTRACT.md 3.3")
async def test_a_token_sent_along_with_a_login_is_ignored(face: HttpFace) -> None:
    token = await face.newcomer()
    for header in (f"Bearer {token}", "Bearer nonsense", "nonsense"):
        body = {"phone": PHONE, "password": PASSWORD}
        answer = await face.client.post("/patient/login", json=body, headers={"Authorization": header})
        assert answer.status_code == 200


@proves("TOKENS T16")
async def test_t16_another_text_of_the_same_token_dies_with_it(face: Face) -> None:
    token = await face.newcomer()
    assert await is_alive(face, token + "=")
    assert await face.log_out(token) == OK
    assert not await is_alive(face, token + "=")


@proves("TOKENS T14", "TOKENS T19")
async def test_t14_after_logout_a_token_is_dead_for_refresh_too(face: Face) -> None:
    token = await face.newcomer()
    assert await face.log_out(token) == OK
    assert await face.refresh(token) == OUT


@proves("TOKENS T19")
async def test_t19_a_refresh_keeps_sub_sid_and_iat_and_renews_the_rest(face: Face) -> None:
    old = await face.newcomer()
    face.clock.advance(minutes=10)
    new = await renewed(face, old)
    before, after, now = claims(old), claims(new), int(face.clock().timestamp())
    assert [after[name] for name in ("sub", "sid", "iat")] == [before[name] for name in ("sub", "sid", "iat")]
    assert after["jti"] != before["jti"]
    assert (after["nbf"], after["exp"]) == (now, now + 3600)


@proves("TOKENS T20")
@pytest.mark.slow
async def test_t20_the_window_counts_from_the_login_and_exp_never_passes_it(face: Face) -> None:
    token = await face.newcomer()
    born = claims(token)["iat"]
    end = face.clock().replace(microsecond=0) + WINDOW
    async with face.desk.write() as uow:  # thirteen days of refreshes, in one step
        await uow.conn.execute(update(sessions).values(last_used_at=end - timedelta(hours=1)))
    while end - face.clock() > timedelta(minutes=30):
        face.clock.now = max(min(face.clock() + timedelta(minutes=50), end - timedelta(minutes=20)), face.clock())
        token = await renewed(face, token)
        assert claims(token)["iat"] == born
    assert claims(token)["exp"] == born + WINDOW.total_seconds()
    face.clock.now = end
    assert await face.refresh(token) == OUT


@proves("TOKENS T20")
async def test_t20_at_the_end_of_the_window_even_a_living_token_is_refused(face: Face) -> None:
    token = await face.newcomer()
    async with face.desk.write() as uow:
        await uow.conn.execute(update(sessions).values(created_at=face.clock() - WINDOW))
    assert not await is_alive(face, token)
    assert await face.refresh(token) == OUT


@proves("TOKENS T21", "TOKENS T22")
async def test_t22_of_parallel_refreshes_exactly_one_wins_and_the_old_token_is_dead(face: Face) -> None:
    token = await face.newcomer()
    came = await asyncio.gather(*(face.refresh(token) for _ in range(50)))
    won = [each for each in came if each != OUT]
    assert len(won) == 1
    assert await is_alive(face, won[0])
    assert not await is_alive(face, token)


@proves("TOKENS T23", "TOKENS T19")
async def test_t23_an_expired_token_is_not_refreshed(face: Face) -> None:
    token = await face.newcomer()
    face.clock.advance(hours=1)
    assert await face.refresh(token) == OUT


@proves("TOKENS T24")
async def test_t24_a_token_rotated_away_long_ago_ends_the_session_and_the_owner_is_told(face: Face) -> None:
    stolen = await face.newcomer()
    await remember(face)
    living = await renewed(face, stolen)
    face.clock.advance(seconds=10.5)
    assert await face.refresh(stolen) == OUT
    assert not await is_alive(face, living)
    async with face.desk.read() as uow:
        told = (await uow.conn.execute(select(outbox.c.telegram_user_id, outbox.c.kind))).all()
        entries = (await uow.conn.execute(select(audit).where(audit.c.action == Action.STOLEN_TOKEN))).all()
    assert [tuple(row) for row in told] == [(LI, "token_stolen")]
    assert len(entries) == 1


@proves("TOKENS T24")
async def test_t24_within_ten_seconds_and_on_other_routes_it_is_just_refused(face: Face) -> None:
    first = await face.newcomer()
    living = await renewed(face, first)
    face.clock.advance(seconds=10)
    assert await face.refresh(first) == OUT
    face.clock.advance(seconds=60)
    assert not await is_alive(face, first)
    assert await face.log_out(first) == OUT
    assert await is_alive(face, living)


@proves("TOKENS T9", "TOKENS T23")
async def test_t9_a_chats_login_has_no_token_not_even_a_forged_one(face: Face) -> None:
    """One forged with the stolen key's help for a login of the bot is refused."""
    token = await face.newcomer()
    async with face.desk.write() as uow:
        await uow.conn.execute(update(sessions).values(telegram_user_id=LI))
    assert not await is_alive(face, token)


async def remember(face: Face) -> None:
    """The account was once logged in to by a Telegram user."""
    account = await face.account(PHONE, Role.PATIENT)
    assert account is not None
    async with face.desk.write() as uow:
        await account_chats.remember(uow.conn, account.id, LI, uow.now)
