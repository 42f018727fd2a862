"""The people of a filled database, alike for every contestant. Imports nothing: the peer has its own environment."""

PASSWORD = "horse-battery-staple"


def email(number: int) -> str:
    """The e-mail of the account made as the `number`th, from 1."""
    return f"p{number}@example.com"
