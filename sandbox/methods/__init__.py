"""The Bot API's methods, one module a noun. Importing this package registers them all in ``METHODS``."""

from sandbox.methods import callbacks, chats, commands, deleting, editing, files, receiving, sending
from sandbox.methods.call import METHODS, NAMES, Call

__all__ = [
    "METHODS",
    "NAMES",
    "Call",
    "callbacks",
    "chats",
    "commands",
    "deleting",
    "editing",
    "files",
    "receiving",
    "sending",
]
