# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Reads adapter.yaml and claim.yaml: the part of YAML that they need, so that the runner needs no package.

    key: value            mappings, nested by deeper indentation; keys are words
    key:
      - item              sequences of scalars
    key: [a, "b c", 3]    flow sequences and mappings of scalars, on one line
    # comment             also after a value

A scalar is true, false, null, a whole number, a quoted text, or plain text. What else YAML has is refused by line.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.runner.errors import UsageError

MAXIMUM_BYTES = 1 << 20
_KEY = re.compile(r"([A-Za-z_][\w.-]*):(?: +(.*))?$")
_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)$")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_REFUSED = tuple("&*!|>%@`")


@dataclass(frozen=True)
class _Line:
    number: int
    indent: int
    text: str


def read_settings(path: Path) -> dict[str, Any]:
    """The mapping in a file. Raises UsageError, one line with file and line number."""
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            raise UsageError(f"{path}: more than {MAXIMUM_BYTES} bytes")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None
    return parse_settings(text, str(path))


def parse_settings(text: str, name: str = "settings") -> dict[str, Any]:
    """The mapping in a text. Raises UsageError."""
    lines = [
        _Line(number, len(line) - len(line.lstrip(" ")), line.strip())
        for number, line in enumerate((_uncommented(raw) for raw in text.splitlines()), 1)
        if line.strip()
    ]
    reader = _Reader(name, lines)
    found = reader.block(0) if lines else {}
    if reader.at < len(lines):
        raise reader.error(lines[reader.at], "not indented like the lines before it")
    if not isinstance(found, dict):
        raise reader.error(lines[0], "expected a mapping, key: value")
    return found


class _Reader:
    def __init__(self, name: str, lines: list[_Line]) -> None:
        self.name, self.lines, self.at = name, lines, 0

    def error(self, line: _Line, message: str) -> UsageError:
        return UsageError(f"{self.name}:{line.number}: {message}")

    def block(self, indent: int) -> Any:
        if self.lines[self.at].text.startswith("- ") or self.lines[self.at].text == "-":
            return self.sequence(indent)
        return self.mapping(indent)

    def sequence(self, indent: int) -> list[Any]:
        items: list[Any] = []
        while self.at < len(self.lines) and self.lines[self.at].indent == indent:
            line = self.lines[self.at]
            if not line.text.startswith("- "):
                break
            items.append(self.value(line, line.text[2:].strip()))
            self.at += 1
        return items

    def mapping(self, indent: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self.at < len(self.lines) and self.lines[self.at].indent == indent:
            line = self.lines[self.at]
            match = _KEY.match(line.text)
            if match is None:
                raise self.error(line, f"{line.text!r}: expected key: value")
            key, rest = match[1], (match[2] or "").strip()
            if key in found:
                raise self.error(line, f"{key}: stands here twice")
            self.at += 1
            below = self.lines[self.at] if self.at < len(self.lines) else None
            if rest:
                found[key] = self.value(line, rest)
            elif below is not None and (below.indent > indent or (below.indent == indent and below.text[:2] == "- ")):
                found[key] = self.block(below.indent)
            else:
                found[key] = None
        return found

    def value(self, line: _Line, text: str) -> Any:
        items = _Flow(text)
        try:
            value = items.value("")
            items.end()
        except ValueError as error:
            raise self.error(line, f"{text!r}: {error}") from None
        return value


class _Flow:
    """One value on one line."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def end(self) -> None:
        if self.text[self.at :].strip():
            raise ValueError(f"{self.text[self.at :]!r} is left over")

    def value(self, stops: str) -> Any:
        self.blanks()
        first = self.text[self.at : self.at + 1]
        match first:
            case "[":
                return [item for _, item in self.items("]", keyed=False)]
            case "{":
                return dict(self.items("}", keyed=True))
            case '"' | "'":
                return self.quoted(first)
        begin = self.at
        while self.at < len(self.text) and self.text[self.at] not in stops:
            self.at += 1
        return _scalar(self.text[begin : self.at].strip())

    def items(self, close: str, keyed: bool) -> list[tuple[str, Any]]:
        self.at += 1
        found: list[tuple[str, Any]] = []
        while True:
            self.blanks()
            if self.text[self.at : self.at + 1] == close:
                self.at += 1
                return found
            key = ""
            if keyed:
                key = str(self.value(":"))
                self.expect(":")
            found.append((key, self.value("," + close)))
            self.blanks()
            if self.text[self.at : self.at + 1] != close:
                self.expect(",")

    def expect(self, wanted: str) -> None:
        self.blanks()
        if self.text[self.at : self.at + 1] != wanted:
            raise ValueError(f"expected {wanted!r} at column {self.at + 1}")
        self.at += 1

    def quoted(self, quote: str) -> str:
        end = self.at + 1
        while end < len(self.text) and self.text[end] != quote:
            end += 2 if quote == '"' and self.text[end] == "\\" else 1
        if end >= len(self.text):
            raise ValueError("a quote is not closed")
        inner = self.text[self.at + 1 : end]
        self.at = end + 1
        return str(json.loads(f'"{inner}"')) if quote == '"' else inner

    def blanks(self) -> None:
        while self.text[self.at : self.at + 1] == " ":
            self.at += 1


def _scalar(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.match(text):
        return int(text)
    if text.startswith(_REFUSED):
        raise ValueError("YAML's anchors, tags and block texts are not read here; quote the text")
    return text


def _uncommented(line: str) -> str:
    """The line without a comment; # counts where it begins the line or follows a blank, outside quotes."""
    quote = ""
    for index, character in enumerate(line):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'" and (index == 0 or line[index - 1] in " [{,"):
            quote = character
        elif character == "#" and (index == 0 or line[index - 1] == " "):
            return line[:index]
    return line
