# SPDX-License-Identifier: BSD-3-Clause-Clear
"""YAML of packages and listings: parsed within bounds, checked against a JSON Schema of `spec/schema`."""

from __future__ import annotations

import importlib
import json
from functools import cache
from typing import Any

import yaml

from refsw.errors import ModelError
from refsw.resources import spec_dir

MAX_TEXT = 1 << 20
MAX_DEPTH = 16

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse(text: str, schema: str, where: str) -> Any:
    """YAML without aliases (which multiply) and without deep nesting (which exhausts the stack), then its schema.

    where: path for the messages. Raises ModelError that names the line or the place inside the document.
    """
    if len(text) > MAX_TEXT:
        raise ModelError(f"{where}: {len(text)} characters: at most {MAX_TEXT} are allowed")
    try:
        depth = 0
        for event in yaml.parse(text, Loader=_LOADER):
            line = event.start_mark.line + 1 if event.start_mark else 0
            if isinstance(event, yaml.AliasEvent):
                raise ModelError(f"{where}: line {line}: aliases are not allowed")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise ModelError(f"{where}: line {line}: nested deeper than {MAX_DEPTH}")
        document = yaml.load(text, Loader=_LOADER)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise ModelError(f"{where}: not YAML: {' '.join(str(error).split())}") from None
    validate(document, schema, where)
    return document


def validate(document: Any, schema: str, where: str) -> None:
    """Check a document against `spec/schema/<schema>.schema.json`; raises ModelError for what is wrong first."""
    for fault in _validator(schema).iter_errors(document):
        place = "/".join(map(str, fault.absolute_path)) or "document"
        message = " ".join(fault.message.split())
        raise ModelError(f"{where}: {place}: {message if len(message) <= 200 else message[:200] + '...'}")


@cache
def _validator(name: str) -> Any:
    jsonschema = importlib.import_module("jsonschema")  # 0.1 s: only when a package is read
    path = spec_dir() / "schema" / f"{name}.schema.json"
    return jsonschema.Draft202012Validator(json.loads(path.read_text("utf-8")))
