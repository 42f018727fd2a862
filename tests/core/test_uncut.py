"""What is done whole or not begun."""

import asyncio

import pytest

from core.uncut import uncut


async def test_what_must_not_be_cut_ends_before_its_caller_is_cancelled() -> None:
    done = []

    async def act() -> None:
        await asyncio.sleep(0.05)
        done.append("whole")

    caller = asyncio.create_task(uncut(act()))
    await asyncio.sleep(0.01)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert done == ["whole"]


async def test_what_must_not_be_cut_hands_on_its_result_and_its_fault() -> None:
    async def fine() -> int:
        return 7

    async def broken() -> int:
        raise LookupError

    assert await uncut(fine()) == 7
    with pytest.raises(LookupError):
        await uncut(broken())
