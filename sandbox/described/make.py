"""Writes ``bot_api.json`` anew from the typed models of aiogram (MIT, Alex Root Junior and contributors).

``make bot-api`` runs it in an environment of its own, as aiogram is no dependency of the project. Types are written
as ``int``, ``float``, ``str``, ``bool``, ``any``, ``"text"`` (that very text), ``[T]`` (a list), ``A|B``, or the name
of an object; a field that may be left out ends in ``?``.
"""

from __future__ import annotations

import datetime as dt
import importlib
import types
import typing
from pathlib import Path
from typing import Any, Literal, Union

import orjson

TARGET = Path(__file__).with_name("bot_api.json")
_SIMPLE = {int: "int", float: "float", str: "str", bool: "bool", dt.datetime: "int", dt.timedelta: "int"}
_LEFT_OUT = {"Default", "NoneType"}


class Maker:
    """Collects the methods and every object they lead to."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, str]] = {}

    def describe(self) -> dict[str, Any]:
        """The whole description."""
        aiogram = importlib.import_module("aiogram")
        module = importlib.import_module("aiogram.methods")
        bases = {"TelegramMethod", "Request", "Response"}
        classes = [getattr(module, name) for name in module.__all__ if name not in bases]
        methods = {
            cls.__api_method__: {"parameters": self.fields(cls), "returns": self.type(cls.__returning__)}
            for cls in classes
        }
        self.type(importlib.import_module("aiogram.types").Update)
        return {
            "version": aiogram.__api_version__,
            "source": f"aiogram {aiogram.__version__} (MIT licence, Alex Root Junior and contributors)",
            "methods": dict(sorted(methods.items())),
            "objects": dict(sorted(self.objects.items())),
        }

    def fields(self, cls: Any) -> dict[str, str]:
        """Field or parameter name to type. What aiogram fills in by itself, as ``type``, is always there."""
        return {
            field.alias or name: self.type(field.annotation)
            + ("" if field.is_required() or isinstance(field.default, str | int) else "?")
            for name, field in cls.model_fields.items()
        }

    def type(self, annotation: Any) -> str:
        """One annotation as text; an object met here is described too."""
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated:
            return self.type(typing.get_args(annotation)[0])
        if origin in {Union, types.UnionType}:
            found = [self.type(part) for part in typing.get_args(annotation) if _name(part) not in _LEFT_OUT]
            return "|".join(dict.fromkeys(found))
        if origin is Literal:
            return "|".join(orjson.dumps(value).decode() for value in typing.get_args(annotation))
        if origin is list:
            return f"[{self.type(typing.get_args(annotation)[0])}]"
        if annotation in _SIMPLE:
            return _SIMPLE[annotation]
        # What is no class is a name that leads back to itself (rich text within rich text).
        return self.object(annotation) if isinstance(annotation, type) else "any"

    def object(self, cls: Any) -> str:
        """The name of an object's class; a text enumeration is a text, a file to upload its name or ``attach://``."""
        name = _name(cls)
        if issubclass(cls, str) or name == "InputFile":
            return "str"
        if name not in self.objects:
            self.objects[name] = {}
            self.objects[name] = self.fields(cls)
        return name


def _name(part: Any) -> str:
    return str(getattr(part, "__name__", part))


if __name__ == "__main__":
    TARGET.write_bytes(orjson.dumps(Maker().describe()) + b"\n")
