"""Accounts and what hangs on them."""
