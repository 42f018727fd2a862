"""A small Telegram of one's own: a local Bot API server and a chat page. Imports nothing of the product."""
