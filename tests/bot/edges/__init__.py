"""The edges of the bot: what receives, what sends, what starts and stops it."""
