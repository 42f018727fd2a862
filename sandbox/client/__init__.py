"""A client of the sandbox for tests: people who chat with a bot, in lines that read like a script.

    async with Sandbox.connect(url) as sandbox:
        li = await sandbox.person("李雷", phone="13812345678")
        await li.send("/start")
        await li.press("注册")
        await li.share_contact()
        assert "姓名" in li.screen

``send``, ``press`` and the like return when the bot has answered and is still. Works with any bot.
"""

from sandbox.client.chat import Chat
from sandbox.client.message import Message, SandboxError
from sandbox.client.sandbox import Sandbox

__all__ = ["Chat", "Message", "Sandbox", "SandboxError"]
