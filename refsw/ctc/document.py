# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Frozen dataclasses as canonical JSON and back: what caches and results are made of.

Equal values are equal bytes: keys in the order of the fields, one indentation, floats as Python's shortest decimal.
Reading is strict: every field present and of its type, nothing else, or one line that says where.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import types
import typing
from typing import Any

from refsw.errors import InputError


def canonical(value: object) -> bytes:
    """A dataclass as JSON. Raises ValueError for a number that JSON does not know."""
    return (json.dumps(to_plain(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def to_plain(value: object) -> Any:
    """Dataclasses become objects, tuples lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return [to_plain(item) for item in value] if isinstance(value, tuple) else value


def parse(data: bytes, name: str) -> Any:
    """Plain values of a JSON document. Raises InputError."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: not JSON: {' '.join(str(error).split())}") from None


def from_plain(kind: Any, value: Any, place: str) -> Any:
    """A value of a type made of dataclasses, tuples, unions, str, int, float, bool and None. Raises InputError."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _dataclass(kind, value, place)
    if origin is tuple:
        return _tuple(arguments, value, place)
    if origin in (types.UnionType, typing.Union):
        if value is None and type(None) in arguments:
            return None
        (kind,) = (one for one in arguments if one is not type(None))
        return from_plain(kind, value, place)
    if origin is typing.Literal:
        kind, fits = type(arguments[0]), value in arguments
    elif kind is float:
        fits = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        value = float(value) if fits else value
    else:
        fits = type(value) is kind
    if not fits:
        wanted = ", ".join(map(repr, arguments)) or kind.__name__
        raise InputError(f"{place}: {_shown(value)} is not allowed; allowed: {wanted}")
    return value


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    """Name and type of each field."""
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _dataclass(kind: Any, value: Any, place: str) -> Any:
    if not isinstance(value, dict):
        raise InputError(f"{place}: {_shown(value)} is not allowed; allowed: an object")
    hints = _hints(kind)
    for name in hints:
        if name not in value:
            raise InputError(f"{place}: {name} is missing")
    for key in value:
        if key not in hints:
            raise InputError(f"{place}: unknown key {key!r}")
    return kind(**{key: from_plain(hints[key], item, f"{place}: {key}") for key, item in value.items()})


def _tuple(arguments: tuple[Any, ...], value: Any, place: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise InputError(f"{place}: {_shown(value)} is not allowed; allowed: a list")
    if arguments[-1] is Ellipsis:
        arguments = (arguments[0],) * len(value)
    if len(value) != len(arguments):
        raise InputError(f"{place}: {len(value)} values, expected {len(arguments)}")
    pairs = enumerate(zip(arguments, value, strict=True))
    return tuple(from_plain(kind, item, f"{place}[{index}]") for index, (kind, item) in pairs)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
