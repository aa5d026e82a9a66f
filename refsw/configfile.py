# SPDX-License-Identifier: BSD-3-Clause-Clear
"""YAML to plain values with the line of each key, and what a JSON Schema has against them, in one clear line."""

from __future__ import annotations

import difflib
import importlib
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

import yaml

from refsw.errors import UsageError
from refsw.resources import spec_dir

KeyPath = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    """Safe YAML that also takes 1e-3 for a number, as YAML 1.2 and JSON do; PyYAML alone calls it text."""


_EXPONENT = re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$")
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, [*"+-0123456789"])


def parse(text: str, at: Callable[[int], str]) -> tuple[Any, dict[KeyPath, int]]:
    """Plain values of a YAML document and the line of each key; a repeated key is an error.

    at: how an error message names a line of the text; 0 is the text as a whole.
    """
    lines: dict[KeyPath, int] = {}
    try:
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
            values = _construct(loader, root, (), lines, at) if root is not None else None
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"{at(0)}: not YAML: {reason(error)}") from None
    return values, lines


def _construct(
    loader: yaml.SafeLoader, node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int], at: Callable[[int], str]
) -> object:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_construct(loader, item, (*path, index), lines, at) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in result:
                raise UsageError(f"{at(key_node.start_mark.line + 1)}: key {key!r} is given twice")
            result[key] = _construct(loader, value_node, (*path, key), lines, at)
        return result
    value = loader.construct_object(node, deep=True)
    if isinstance(value, float) and not math.isfinite(value):  # JSON Schema lets them pass every bound
        raise UsageError(f"{at(lines[path])}: {value} is not a number that can be used")
    return cast(object, value)


def problem(values: object, schema_name: str) -> tuple[KeyPath, str] | None:
    """Place and message of the first thing that the schema does not allow; unknown keys come first."""
    jsonschema = importlib.import_module("jsonschema")
    schema = json.loads((spec_dir() / "schema" / schema_name).read_text(encoding="utf-8"))
    faults = sorted(
        jsonschema.Draft202012Validator(schema).iter_errors(values),
        key=lambda fault: (fault.validator != "additionalProperties", [str(part) for part in fault.absolute_path]),
    )
    if not faults:
        return None
    fault, path = faults[0], tuple(faults[0].absolute_path)
    if fault.validator == "additionalProperties":
        known = list(fault.schema["properties"])
        key = next(key for key in fault.instance if key not in known)
        return (*path, key), f"unknown key{suggestion(key, known)}"
    if fault.validator == "required":
        key = next(key for key in fault.validator_value if key not in fault.instance)
        return (*path, key), f"missing; allowed: {_allowed(fault.schema['properties'][key])}"
    word = fault.instance if isinstance(fault.instance, str) else ""
    close = difflib.get_close_matches(word, [str(value) for value in fault.schema.get("enum", ())], n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return path, f"{_shown(fault.instance)} is not allowed; allowed: {_allowed(fault.schema)}{hint}"


def _allowed(schema: Mapping[str, Any]) -> str:
    """One phrase for what a schema accepts: "number from 0 to 100"."""
    if "enum" in schema:
        return ", ".join(map(_shown, schema["enum"]))
    kind = schema["type"]
    text = kind if isinstance(kind, str) else " or ".join(kind)
    if kind == "array":
        unique = "different " if schema.get("uniqueItems") else ""
        text += f" of {schema['minItems']} to {schema['maxItems']} {unique}values, each {_allowed(schema['items'])}"
    for keyword, words in (("minimum", "from"), ("exclusiveMinimum", "above"), ("maximum", "to")):
        text += f" {words} {schema[keyword]}" if keyword in schema else ""
    if kind == "string":
        text += f" of {schema['minLength']} to {schema['maxLength']} characters"
    return text


def _shown(value: object) -> str:
    """A value in JSON's spelling, at most 60 characters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def suggestion(word: str, known: list[str]) -> str:
    """What follows a word that is not known: the nearest known one, else all."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"


def key_text(path: KeyPath) -> str:
    """A path as users write it: "rate.quality", "operating_points[0]"."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def reason(error: Exception) -> str:
    """An exception on one line."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split())
