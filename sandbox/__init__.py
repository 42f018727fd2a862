"""A small Telegram of one's own: a local Bot API server and a chat page. Imports nothing of the product.

- ``server.py`` puts it together; ``bot_api.py`` and ``methods/`` are what bots call, ``control.py`` and ``acts.py``
  what people (the page, a test) do, ``world.py`` and ``model.py`` what there is, ``updates.py`` and ``webhook.py``
  the ways of an update to a bot, ``faults.py`` and ``flood.py`` what goes wrong on demand, ``page/`` what one sees.
- ``client/`` drives people from Python; it works with any bot, in any language, that talks to the server.
- ``supervisor.py`` and ``home.py`` are ``python -m sandbox up``: the server and the clinic's bot, in ``data/sandbox/``.

``described/`` holds every call and answer to a typed description of the Bot API; docs/sandbox.md says what it knows.

What it refuses, and in which words, follows Telegram's own server (tdlib/telegram-bot-api) of Bot API 10.
"""
