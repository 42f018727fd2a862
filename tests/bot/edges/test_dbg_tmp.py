import asyncio, sys, time
import pytest
from bot.app import App
from bot.telegram import TokenRefused
from tests.bot.edges.test_app import *
from tests.bot.edges.conftest import *
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_x(configure, telegram):
    app = App(configure())
    await app.__aenter__()
    telegram.fail("getUpdates", 401, "Unauthorized")
    with pytest.raises(TokenRefused):
        await app.wait()
    with pytest.raises(TokenRefused):
        await app.idle()
    async def dump():
        await asyncio.sleep(2)
        for t in asyncio.all_tasks():
            t.print_stack(file=sys.stderr)
    d = asyncio.create_task(dump())
    t=time.time()
    await app.__aexit__(None,None,None)
    print("exit", time.time()-t, file=sys.stderr)
    await d
