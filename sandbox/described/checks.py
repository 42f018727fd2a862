"""Calls and answers held against the description of the Bot API.

Telegram itself passes over parameters that it does not know, so a problem in a call refuses nothing: it is shown in the
traffic, and a test may fail on it. A problem in an answer is the sandbox's own mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

_DESCRIPTION: Final = orjson.loads(Path(__file__).with_name("bot_api.json").read_bytes())
_METHODS: Final = {name.lower(): method for name, method in _DESCRIPTION["methods"].items()}
_OBJECTS: Final = _DESCRIPTION["objects"]
METHOD_NAMES: Final = frozenset(_DESCRIPTION["methods"])
VERSION: Final = str(_DESCRIPTION["version"])

Check = Callable[[Any, str], list[str]]
_SIMPLE: Final[dict[str, tuple[type, ...]]] = {"int": (int,), "float": (float, int), "str": (str,), "bool": (bool,)}


def is_method(name: str) -> bool:
    """Whether the Bot API has this method, in any case."""
    return name.lower() in _METHODS


def parameters_of(name: str) -> frozenset[str]:
    """The parameters that a method has; none where there is no such method."""
    return frozenset(_METHODS.get(name.lower(), {}).get("parameters", ()))


def problems_of_request(name: str, values: dict[str, Any], uploads: Iterable[str] = ()) -> list[str]:
    """What is wrong with a call's parameters, one short sentence each; nothing for a method nobody knows.

    Args:
        values: the parameters; lists, objects, numbers and flags also as the texts that forms send.
        uploads: names of the files that came along.
    """
    method = _METHODS.get(name.lower())
    if method is None:
        return []
    given = {key: value for key, value in values.items() if value is not None} | dict.fromkeys(uploads, "(a file)")
    attached = {key for key in uploads if any(f"attach://{key}" in str(value) for value in values.values())}
    parameters: dict[str, str] = method["parameters"]
    problems = [f"{key}: there is no such parameter" for key in given if key not in parameters and key not in attached]
    for key, kind in parameters.items():
        if key in given:
            problems += _check(kind.removesuffix("?"))(_unpacked(given[key], kind), key)
        elif not kind.endswith("?"):
            problems.append(f"{key}: is missing")
    return problems


def problems_of_answer(name: str, result: Any) -> list[str]:
    """What is wrong with the result of a call, one short sentence each."""
    method = _METHODS.get(name.lower())
    return _check(method["returns"])(result, "result") if method else []


def problems_of_object(name: str, value: Any) -> list[str]:
    """What is wrong with an object of a type, one short sentence each."""
    return _check(name)(value, name)


def problems_of_update(update: dict[str, Any]) -> list[str]:
    """What is wrong with an update, one short sentence each."""
    return _check("Update")(update, "update")


def _unpacked(value: Any, kind: str) -> Any:
    """A form's text as the value it stands for, where it can be one."""
    if not isinstance(value, str) or kind.removesuffix("?") == "str":
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


@cache
def _check(kind: str) -> Check:
    """The check of a type as ``make.py`` writes it."""
    options = _options(kind)
    if len(options) > 1:
        return _any_of([_check(option) for option in options])
    if kind.startswith("["):
        return _list_of(_check(kind[1:-1]))
    if kind in _OBJECTS:
        return _object(kind)
    if kind in _SIMPLE:
        return _simple(kind, _SIMPLE[kind])
    return _nothing if kind == "any" else _exactly(orjson.loads(kind))


def _options(kind: str) -> list[str]:
    """The parts of ``A|[B|C]``: A and [B|C]."""
    parts, depth = [""], 0
    for char in kind:
        depth += (char == "[") - (char == "]")
        if char == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _nothing(_value: Any, _where: str) -> list[str]:
    return []


def _exactly(expected: Any) -> Check:
    def check(value: Any, where: str) -> list[str]:
        return [] if value == expected else [f"{where}: is not {expected!r}"]

    return check


def _simple(kind: str, accepted: tuple[type, ...]) -> Check:
    def check(value: Any, where: str) -> list[str]:
        fits = isinstance(value, accepted) and (kind == "bool" or not isinstance(value, bool))
        return [] if fits else [f"{where}: is no {kind}"]

    return check


def _list_of(of: Check) -> Check:
    def check(value: Any, where: str) -> list[str]:
        if not isinstance(value, list):
            return [f"{where}: is no list"]
        return [problem for number, item in enumerate(value) for problem in of(item, f"{where}[{number}]")]

    return check


def _any_of(checks: list[Check]) -> Check:
    def check(value: Any, where: str) -> list[str]:
        found: list[list[str]] = []
        for option in checks:
            problems = option(value, where)
            if not problems:
                return []
            found.append(problems)
        return min(found, key=len)

    return check


def _object(name: str) -> Check:
    fields: dict[str, str] = _OBJECTS[name]
    required = [field for field, kind in fields.items() if not kind.endswith("?")]

    def check(value: Any, where: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{where}: is no {name}"]
        problems = [f"{where}.{field}: is missing" for field in required if field not in value]
        for field, content in value.items():
            kind = fields.get(field)
            if kind is None:
                problems.append(f"{where}.{field}: {name} has no such field")
            elif content is not None:
                problems += _check(kind.removesuffix("?"))(content, f"{where}.{field}")
        return problems

    return check
