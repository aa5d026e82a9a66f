# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Checks a plain value against the part of JSON Schema that the configurations use, with errors that teach.

Keywords: type, enum, minimum, maximum, exclusiveMinimum, minLength, maxLength, items, minItems, maxItems, uniqueItems,
properties, required, additionalProperties (false). Another keyword is an error of the schema, not silently ignored.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
_ANNOTATIONS = {"$schema", "$id", "title", "description"}
_KEYWORDS = _ANNOTATIONS | {
    "type", "enum", "minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength", "items", "minItems",
    "maxItems", "uniqueItems", "properties", "required", "additionalProperties",
}  # fmt: skip


@dataclass(frozen=True)
class Violation:
    """A place in a value that its schema does not allow.

    path: keys and indices from the root; message: what is wrong and what is allowed, without the place.
    """

    path: tuple[str | int, ...]
    message: str

    @property
    def key(self) -> str:
        """The path as users write it: "rate.quality", "operating_points[0]"."""
        text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return text.removeprefix(".")


def violations(value: object, schema: Mapping[str, Any], path: tuple[str | int, ...] = ()) -> Iterator[Violation]:
    """Every violation of `schema` in `value`, in the order of the value's text."""
    unknown = set(schema) - _KEYWORDS
    if unknown:
        raise ValueError(f"schema keyword {sorted(unknown)[0]!r} is not one that refsw.schema interprets")
    if "enum" in schema and not any(_same(value, allowed) for allowed in schema["enum"]):
        yield Violation(path, _enum_message(value, schema["enum"]))
    elif "type" in schema and not _has_type(value, schema["type"]):
        yield Violation(path, f"{shown(value)} is {_type_name(value)}; allowed: {allowed(schema)}")
    elif isinstance(value, dict):
        yield from _object(value, schema, path)
    elif isinstance(value, list):
        yield from _array(value, schema, path)
    elif not _in_range(value, schema):
        yield Violation(path, f"{shown(value)} is out of range; allowed: {allowed(schema)}")


def allowed(schema: Mapping[str, Any]) -> str:
    """One phrase for what a schema accepts: "number from 0 to 100"."""
    if "enum" in schema:
        return ", ".join(shown(value) for value in schema["enum"])
    names = schema.get("type", "any value")
    text = names if isinstance(names, str) else " or ".join(names)
    if "items" in schema:
        text += f" of {allowed(schema['items'])}"
    if "minimum" in schema:
        text += f" from {schema['minimum']}"
    if "exclusiveMinimum" in schema:
        text += f" above {schema['exclusiveMinimum']}"
    if "maximum" in schema:
        text += f" to {schema['maximum']}"
    if "maxLength" in schema:
        text += f" of {schema.get('minLength', 0)} to {schema['maxLength']} characters"
    return text


def shown(value: object) -> str:
    """A value as an error message quotes it: YAML spelling, at most 60 characters."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def suggestion(word: str, known: list[str]) -> str:
    """'; did you mean "x"?' where a known word is close, else the known words."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"


def _object(value: dict[Any, Any], schema: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[Violation]:
    known: Mapping[str, Any] = schema.get("properties", {})
    for key, item in value.items():
        if key in known:
            yield from violations(item, known[key], (*path, key))
        elif schema.get("additionalProperties") is False:
            yield Violation((*path, str(key)), f"unknown key{suggestion(str(key), list(known))}")
    for key in schema.get("required", ()):
        if key not in value:
            yield Violation((*path, key), f"missing; allowed: {allowed(known[key])}")


def _array(value: list[Any], schema: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[Violation]:
    least, most = schema.get("minItems", 0), schema.get("maxItems", math.inf)
    if not least <= len(value) <= most:
        yield Violation(path, f"{len(value)} values; allowed: {least} to {most}")
    if schema.get("uniqueItems") and any(item in value[:index] for index, item in enumerate(value)):
        yield Violation(path, f"{shown(value)} repeats a value")
    for index, item in enumerate(value):
        yield from violations(item, schema.get("items", {}), (*path, index))


def _in_range(value: object, schema: Mapping[str, Any]) -> bool:
    if isinstance(value, str):
        return bool(schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", math.inf))
    if isinstance(value, (int, float)):  # a not-a-number fails the first comparison
        within = schema.get("minimum", -math.inf) <= value <= schema.get("maximum", math.inf)
        return bool(within and math.isfinite(value) and value > schema.get("exclusiveMinimum", -math.inf))
    return True


def _has_type(value: object, names: str | list[str]) -> bool:
    wanted = [names] if isinstance(names, str) else names
    if isinstance(value, bool):  # in Python a bool is an int; in JSON it is not
        return "boolean" in wanted
    return any(isinstance(value, _TYPES[name]) for name in wanted)


def _same(value: object, allowed_value: object) -> bool:
    return type(value) is type(allowed_value) and value == allowed_value


def _enum_message(value: object, values: list[object]) -> str:
    words = [str(item) for item in values]
    close = difflib.get_close_matches(value, words, n=1) if isinstance(value, str) else []
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    return f"{shown(value)} is not allowed; allowed: {', '.join(map(shown, values))}{hint}"


def _type_name(value: object) -> str:
    for name in ("null", "boolean", "object", "array", "string", "integer", "number"):
        if _has_type(value, name):
            return f"{'an' if name[0] in 'aio' else 'a'} {name}" if name != "null" else "null"
    return f"a {type(value).__name__}"
