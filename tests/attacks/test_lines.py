"""Lines of SECURITY.md that no other room's story is about."""

import ast
import asyncio
import inspect

import pytest
from sqlalchemy import func, select, update

from bot import webhook
from core.settings import Passwords
from storage.tables.accounts import accounts
from tests.api.conftest import Serve, serve  # noqa: F401 - a fixture
from tests.conftest import Desk


async def test_a_clinic_starts_with_no_account_and_the_real_hash_cost(desk: Desk) -> None:
    """SECURITY.md Admins, Passwords."""
    async with desk.read() as uow:
        assert (await uow.conn.execute(select(func.count()).select_from(accounts))).scalar_one() == 0
    assert Passwords().bcrypt_cost == 12


def test_the_webhooks_secret_is_compared_in_constant_time() -> None:
    """SECURITY.md Updates: by the one function that does so, and nowhere by `==`."""
    tree = ast.parse(inspect.getsource(webhook))
    calls = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert [call for call in calls if call.startswith("hmac.compare_digest(") and "_secret" in call]
    compared = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    assert not [one for one in compared if "_secret" in one or "SECRET_HEADER" in one]


@pytest.mark.slow
async def test_others_write_while_a_password_is_hashed(serve: Serve, desk: Desk) -> None:  # noqa: F811
    """SECURITY.md Passwords: no transaction is open over the hash."""
    http = await serve(passwords=Passwords(bcrypt_cost=14))
    body = {"phone": "13812345678", "password": "correct horse battery"}
    login = asyncio.create_task(http.client.post("/patient/login", json=body))
    while not http.core.passwords._hasher._waiting and not login.done():
        await asyncio.sleep(0)
    assert not login.done()

    async def write() -> None:
        async with desk.write() as uow:
            await uow.conn.execute(update(accounts).values(name="x"))

    writing = asyncio.create_task(write())
    done, _ = await asyncio.wait({login, writing}, return_when=asyncio.FIRST_COMPLETED)
    assert done == {writing}
    assert http.core.passwords._hasher._waiting  # still
    assert (await login).status_code == 401
