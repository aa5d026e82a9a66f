# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Configuration of the encoder: a complete named file, checked against spec/schema/config.schema.json.

    load_config("cfg/base.yaml", ["rate.quality=40"]) -> Config        config.to_dict() goes into the report

An existing file wins; otherwise the shipped configuration of that name is taken, so that `-c cfg/base.yaml` works
from any directory. Overrides are recorded: a result made with one is not a result of the named configuration.
"""

from __future__ import annotations

import difflib
import importlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from refsw.errors import UsageError
from refsw.resources import cfg_dir, spec_dir

Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class RateConfig:
    """What the encoder aims at."""

    quality: float
    """0..100 over the range of the model; not used where bpp is given."""
    bpp: float | None
    """Target in bits per pixel of the whole file, or None."""
    tolerance: float
    """Relative distance from the target at which the search stops, 0..1."""
    attempts: int
    """Qualities that the search may try, 1..64."""


@dataclass(frozen=True)
class CodingConfig:
    """Choices that end in the codestream's headers."""

    skip_threshold: tuple[int, ...]
    """Per component, Q7 log scale, 0..8191: positions of smaller scale index carry no symbol."""
    lanes: int | Literal["auto"]
    """Lanes of the entropy coder, a power of two."""
    digest: bool
    """Whether a digest segment is written."""

    def skip_threshold_of(self, component: int) -> int:
        """Threshold of a component; the last value given holds for all further components."""
        return self.skip_threshold[min(component, len(self.skip_threshold) - 1)]


@dataclass(frozen=True)
class Config:
    """A complete configuration of the encoder."""

    name: str
    model: str
    """Name of a model set."""
    profile: str
    operating_points: tuple[str, ...]
    """Synthesis transforms that may decode the codestream, of "sop", "bop", "hop"; the first reconstructs."""
    rate: RateConfig
    coding: CodingConfig
    overrides: tuple[str, ...] = ()
    """What --set changed, as it was written; empty for a run of the named configuration."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a report; `config_from_dict` takes them back."""
        return cast("dict[str, Any]", json.loads(json.dumps(asdict(self))))


def load_config(path: str | Path = "base", overrides: Iterable[str] = ()) -> Config:
    """Reads a configuration file and applies overrides of the form "key.key=value" (value: YAML).

    Raises UsageError, one line with file, line, key, value and what is allowed.
    """
    file = find_config(path)
    try:
        values, lines = _parse(file.read_text(encoding="utf-8"), lambda line: f"{file}:{line}" if line else str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read: {_reason(error)}") from None
    if not isinstance(values, dict):
        raise UsageError(f"{file}: a configuration is a mapping of keys to values")
    overrides = tuple(overrides)
    changed = {_apply(values, override): override for override in overrides}
    problem = _problem(values)
    if problem is not None:
        place, message = problem
        raise UsageError(f"{_source(place, file, lines, changed)}: {_key(place)}: {message}")
    return config_from_dict(values, overrides)


def config_from_dict(values: dict[str, Any], overrides: tuple[str, ...] = ()) -> Config:
    """Builds a Config from plain values, as `Config.to_dict` gives them. Raises UsageError."""
    values = dict(values)
    overrides = (*values.pop("overrides", ()), *overrides)
    problem = _problem(values)
    if problem is not None:
        raise UsageError(f"configuration: {_key(problem[0])}: {problem[1]}")
    rate, coding = values["rate"], values["coding"]
    return Config(
        name=values["name"],
        model=values["model"],
        profile=values["profile"],
        operating_points=tuple(values["operating_points"]),
        rate=RateConfig(
            quality=float(rate["quality"]),
            bpp=None if rate["bpp"] is None else float(rate["bpp"]),
            tolerance=float(rate["tolerance"]),
            attempts=int(rate["attempts"]),
        ),
        coding=CodingConfig(
            skip_threshold=tuple(map(int, coding["skip_threshold"])), lanes=coding["lanes"], digest=coding["digest"]
        ),
        overrides=overrides,
    )


def find_config(path: str | Path) -> Path:
    """The file that a user means: an existing path, or the shipped "cfg/NAME.yaml", "NAME.yaml" or "NAME"."""
    given = Path(path)
    if given.exists():
        if given.is_dir():
            raise UsageError(f"{given}: is a directory; a configuration is a YAML file")
        return given
    shipped = cfg_dir().resolve()
    name = Path(*given.parts[1:]) if given.parts[:1] == ("cfg",) else given
    candidate = (shipped / name.with_suffix(".yaml")).resolve() if name.name else shipped
    if not given.is_absolute() and candidate.is_file() and candidate.is_relative_to(shipped):
        return candidate
    names = sorted(f"cfg/{file.relative_to(shipped).as_posix()}" for file in shipped.glob("*.yaml"))
    raise UsageError(f"{given}: no such configuration{_suggestion(str(given), names)}")


def _problem(values: object) -> tuple[Path_, str] | None:
    """Place and message of the first thing that the schema does not allow; unknown keys come first."""
    jsonschema = importlib.import_module("jsonschema")
    schema = json.loads((spec_dir() / "schema" / "config.schema.json").read_text(encoding="utf-8"))
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
        return (*path, key), f"unknown key{_suggestion(key, known)}"
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


def _suggestion(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"


def _key(path: Path_) -> str:
    """A path as users write it: "rate.quality", "operating_points[0]"."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _parse(text: str, at: Callable[[int], str]) -> tuple[Any, dict[Path_, int]]:
    """Plain values of a YAML document and the line of each key; a repeated key is an error.

    at: how an error message names a line of the text; 0 is the text as a whole.
    """
    lines: dict[Path_, int] = {}
    try:
        loader = yaml.SafeLoader(text)
        try:
            root = loader.get_single_node()
            values = _construct(loader, root, (), lines, at) if root is not None else None
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"{at(0)}: not YAML: {_reason(error)}") from None
    return values, lines


def _construct(
    loader: yaml.SafeLoader, node: yaml.Node, path: Path_, lines: dict[Path_, int], at: Callable[[int], str]
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


def _apply(values: dict[str, Any], override: str) -> Path_:
    """Sets one key in place and returns its path; unknown keys are left to the schema."""
    key, equals, text = override.partition("=")
    keys = tuple(key.strip().split("."))
    if not equals or not all(keys):
        raise UsageError(f"--set {override}: expected key=value, such as rate.quality=40")
    value = _parse(text, lambda line: f"--set {override}")[0]
    inner = values
    for part in keys[:-1]:
        child = inner.setdefault(part, {})
        if not isinstance(child, dict):
            raise UsageError(f"--set {override}: {part!r} is a value, not a group of keys")
        inner = child
    inner[keys[-1]] = value
    return keys


def _source(path: Path_, file: Path, lines: dict[Path_, int], changed: dict[Path_, str]) -> str:
    """Where a wrong value comes from: the override that set it, else the line of the nearest key that stands there."""
    for keys, override in changed.items():
        depth = min(len(keys), len(path))
        if keys[:depth] == path[:depth]:
            return f"--set {override}"
    return f"{file}:{next(lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in lines)}"


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split())
