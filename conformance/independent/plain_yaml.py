# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(E.2) The part of YAML 1.1 in which model packages are written: block and flow collections, scalars, comments.

Anchors, aliases, tags, block scalars and further documents are refused. Kept in the standard library on purpose.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]
DEPTH = 16
KEY = re.compile(r"""('[^']*'|"[^"]*"|[A-Za-z0-9_.][^:#'"\[\]{},&*!|>%@`]*):(?:\s+(.*))?$""")
BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
COMMENT = re.compile(r"""^((?:[^'"#]|(?<!\s)#|'[^']*'|"(?:\\.|[^"\\])*")*?)(?:(?:^|\s)#.*)?$""")


class YamlError(ValueError):
    """Text that is not YAML, or not of the part that is read here; the text names the line."""


@dataclass
class Line:
    """A line with content: its number, its indentation and what follows."""

    number: int
    indent: int
    text: str


def load(text: str) -> Value:
    """Value of a document."""
    lines: list[Line] = []
    for number, raw in enumerate(text.splitlines(), 1):
        match = COMMENT.match(raw)
        content = (match[1] if match else raw).rstrip()
        if content.strip() and content != "---":
            lines.append(Line(number, len(content) - len(content.lstrip(" ")), content.strip()))
    if not lines:
        return None
    value, end = block(lines, 0, 0)
    if end != len(lines):
        raise YamlError(f"line {lines[end].number}: unexpected indentation")
    return value


def block(lines: list[Line], at: int, depth: int) -> tuple[Value, int]:
    """The value that begins with line `at`, and the line after it."""
    if depth > DEPTH:
        raise YamlError(f"line {lines[at].number}: nested more than {DEPTH} deep")
    first = lines[at]
    if first.text == "-" or first.text.startswith("- "):
        return sequence(lines, at, depth)
    if KEY.match(first.text):
        return mapping(lines, at, depth)
    return scalar(lines, at, first.indent - 1, first.text, depth)


def sequence(lines: list[Line], at: int, depth: int) -> tuple[Value, int]:
    """Items behind hyphens at one indentation."""
    indent, items = lines[at].indent, list[Value]()
    while at < len(lines) and lines[at].indent == indent and (lines[at].text + " ").startswith("- "):
        line = lines[at]
        rest = line.text[1:].lstrip()
        if not rest:
            raise YamlError(f"line {line.number}: an empty item")
        lines[at] = Line(line.number, indent + len(line.text) - len(rest), rest)
        value, at = block(lines, at, depth + 1)
        items.append(value)
    return items, at


def mapping(lines: list[Line], at: int, depth: int) -> tuple[Value, int]:
    """Keys at one indentation, each with a value beside it or below it."""
    indent, members = lines[at].indent, dict[str, Value]()
    while at < len(lines) and lines[at].indent == indent and (match := KEY.match(lines[at].text)):
        number, key, rest = lines[at].number, match[1].strip("'\""), match[2]
        if key in members:
            raise YamlError(f"line {number}: {key} twice")
        value: Value = None
        if rest:
            value, at = scalar(lines, at, indent, rest, depth + 1)
        else:
            at += 1
            below = lines[at] if at < len(lines) else Line(0, -1, "")
            if below.indent > indent or (below.indent == indent and (below.text + " ").startswith("- ")):
                value, at = block(lines, at, depth + 1)
        members[key] = value
    return members, at


def scalar(lines: list[Line], at: int, indent: int, text: str, depth: int) -> tuple[Value, int]:
    """A value that begins in line `at` with text and goes on in lines of a greater indentation."""
    number = lines[at].number
    at += 1
    while at < len(lines) and lines[at].indent > indent:
        text += " " + lines[at].text
        at += 1
    try:
        value, rest = flow(text, depth)
    except (IndexError, ValueError) as error:
        raise YamlError(f"line {number}: {error}") from error
    if rest.strip():
        raise YamlError(f"line {number}: {rest[:40]!r} after a value")
    return value, at


def flow(text: str, depth: int, ends: str = "") -> tuple[Value, str]:
    """The value at the beginning of text, and the text after it; a plain scalar ends before a character of `ends`."""
    if depth > DEPTH:
        raise YamlError(f"nested more than {DEPTH} deep")
    if text[0] == "'":
        match = re.match(r"'((?:[^']|'')*)'", text)
        if not match:
            raise YamlError("a quote without its end")
        return match[1].replace("''", "'"), text[match.end() :]
    if text[0] == '"':
        value, end = json.JSONDecoder().raw_decode(text)
        return str(value), text[end:]
    if text[0] in "[{":
        return flow_collection(text, depth)
    if text[0] in "&*!|>%@`":
        raise YamlError(f"{text[:20]!r} is not read here")
    match = re.match(rf"[^{ends}]*" if ends else ".*", text)
    plain = match[0].strip() if match else ""
    if ": " in plain or plain.endswith(":"):
        raise YamlError(f"a colon in {plain[:40]!r}")
    return plain_value(plain), text[len(match[0]) if match else 0 :]


def flow_collection(text: str, depth: int) -> tuple[Value, str]:
    """A list in brackets or a mapping in braces."""
    close, text = {"[": "]", "{": "}"}[text[0]], text[1:].lstrip()
    items, members = list[Value](), dict[str, Value]()
    while text[0] != close:
        value, text = flow(text, depth + 1, r",\]" if close == "]" else ",:}")
        text = text.lstrip()
        if close == "}":
            if text[0] != ":":
                raise YamlError(f"no colon before {text[:20]!r}")
            members[str(value)], text = flow(text[1:].lstrip(), depth + 1, ",}")
            text = text.lstrip()
        else:
            items.append(value)
        if text[0] == ",":
            text = text[1:].lstrip()
        elif text[0] != close:
            raise YamlError(f"no comma before {text[:20]!r}")
    return items if close == "]" else members, text[1:]


def plain_value(text: str) -> Value:
    """Value of a scalar without quotes."""
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text.lower() in BOOLEANS:
        return BOOLEANS[text.lower()]
    if re.fullmatch(r"[-+]?(0|[1-9][0-9]*)", text):
        return int(text)
    if re.fullmatch(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+][0-9]+)?", text):
        return float(text)
    return text
