# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(4.3) The expression language of the syntax tables: integers, names, and a handful of operators.

    or      a || b            compare  == != < <= > >=     product  * / % (floor)
    and     a && b            shift    << >>               unary    - !
    sum     + -               call     min max ceil_div length last contains
    primary                   12 0xFF name level.max_side (a)

Text is parsed once into frozen nodes and interpreted; truth is 1 and 0; nothing is ever passed to `eval`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from refsw.errors import RefswError

Operand = int | Sequence[object] | bytes
Lookup = Callable[[str], Operand]

_TOKEN = re.compile(r"\s*(?:(0x[0-9A-Fa-f]+|\d+)|([A-Za-z_][\w.]*)|(\|\||&&|==|!=|<=|>=|<<|>>|[-+*/%<>!(),]))")
_LEVELS = (("||",), ("&&",), ("==", "!=", "<", "<=", ">", ">="), ("<<", ">>"), ("+", "-"), ("*", "/", "%"))
_ARITY = {"min": 2, "max": 2, "ceil_div": 2, "length": 1, "last": 1, "contains": 2}
_MAX_SHIFT = 64


class ExpressionError(RefswError):
    """An expression of the specification is malformed, or a name in it is unknown."""


@dataclass(frozen=True)
class Number:
    """A literal integer."""

    value: int


@dataclass(frozen=True)
class Name:
    """An earlier element, variable or table entry."""

    name: str


@dataclass(frozen=True)
class Unary:
    """Operator with one operand: - or !."""

    operator: str
    operand: Node


@dataclass(frozen=True)
class Binary:
    """Operator with two operands."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Call:
    """One of the fixed functions."""

    function: str
    arguments: tuple[Node, ...]


Node = Number | Name | Unary | Binary | Call


@dataclass(frozen=True)
class Expression:
    """A parsed expression together with its text, which documents and messages quote."""

    text: str
    node: Node

    def evaluate(self, lookup: Lookup) -> int:
        """Value under `lookup`; raises ExpressionError where it is not an integer."""
        return _integer(_evaluate(self.node, lookup), self.text)

    def names(self) -> frozenset[str]:
        """Names that the expression reads."""
        return frozenset(_names(self.node))


def parse(source: str | int | bool) -> Expression:
    """Parse a text, or an integer as YAML gives it; raises ExpressionError naming the place."""
    if isinstance(source, int):
        return Expression(str(int(source)), Number(int(source)))
    parser = _Parser(source)
    node = parser.binary(0)
    parser.finish()
    return Expression(source, node)


class _Parser:
    def __init__(self, source: str) -> None:
        self.source, self.tokens, self.place = source, [], 0
        position = 0
        while position < len(source.rstrip()):
            match = _TOKEN.match(source, position)
            if match is None:
                raise ExpressionError(f"expression {source!r}: unexpected {source[position:]!r}")
            self.tokens.append(match.group().strip())
            position = match.end()

    tokens: list[str]

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.place += 1
        return token

    def expect(self, token: str) -> None:
        if self.take() != token:
            raise ExpressionError(f"expression {self.source!r}: expected {token!r}")

    def finish(self) -> None:
        if self.peek():
            raise ExpressionError(f"expression {self.source!r}: unexpected {self.peek()!r}")

    def binary(self, depth: int) -> Node:
        if depth == len(_LEVELS):
            return self.unary()
        node = self.binary(depth + 1)
        while self.peek() in _LEVELS[depth]:
            node = Binary(self.take(), node, self.binary(depth + 1))
        return node

    def unary(self) -> Node:
        if self.peek() in ("-", "!"):
            return Unary(self.take(), self.unary())
        return self.primary()

    def primary(self) -> Node:
        token = self.take()
        if token == "(":
            node = self.binary(0)
            self.expect(")")
            return node
        if token[:1].isdigit():
            return Number(int(token, 0))
        if self.peek() == "(" and token in _ARITY:
            self.take()
            arguments = [self.binary(0)]
            while self.peek() == ",":
                self.take()
                arguments.append(self.binary(0))
            self.expect(")")
            if len(arguments) != _ARITY[token]:
                raise ExpressionError(f"expression {self.source!r}: {token} takes {_ARITY[token]} arguments")
            return Call(token, tuple(arguments))
        if re.fullmatch(r"[A-Za-z_][\w.]*", token):
            return Name(token)
        raise ExpressionError(f"expression {self.source!r}: unexpected {token or 'end'!r}")


def _integer(value: object, text: str) -> int:
    if not isinstance(value, int):
        raise ExpressionError(f"expression {text!r}: expected an integer")
    return int(value)


def _sequence(value: object) -> Sequence[object]:
    if not isinstance(value, Sequence):
        raise ExpressionError("expected a list in length, last or contains")
    return value


def _evaluate(node: Node, lookup: Lookup) -> Operand:
    match node:
        case Number(value):
            return value
        case Name(name):
            return lookup(name)
        case Unary(operator, operand):
            value = _integer(_evaluate(operand, lookup), operator)
            return -value if operator == "-" else int(not value)
        case Binary(operator, left, right):
            first = _integer(_evaluate(left, lookup), operator)
            if operator == "&&":
                return int(bool(first) and bool(_evaluate(right, lookup)))
            if operator == "||":
                return int(bool(first) or bool(_evaluate(right, lookup)))
            return _binary(operator, first, _integer(_evaluate(right, lookup), operator))
        case Call(function, arguments):
            return _call(function, [_evaluate(argument, lookup) for argument in arguments])


def _binary(operator: str, left: int, right: int) -> int:
    if operator in ("/", "%") and right == 0:
        raise ExpressionError("division by zero in an expression of the specification")
    if operator in ("<<", ">>") and not 0 <= right <= _MAX_SHIFT:
        raise ExpressionError(f"shift by {right} in an expression of the specification")
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left // right
        case "%":
            return left % right
        case "<<":
            return left << right
        case ">>":
            return left >> right
        case "==":
            return int(left == right)
        case "!=":
            return int(left != right)
        case "<":
            return int(left < right)
        case "<=":
            return int(left <= right)
        case ">":
            return int(left > right)
        case _:
            return int(left >= right)


def _call(function: str, values: list[Operand]) -> int:
    if function in ("length", "last", "contains"):
        items = _sequence(values[0])
        if function == "length":
            return len(items)
        if function == "last":
            return _integer(items[-1], function) if items else 0
        return int(values[1] in items)
    first, second = (_integer(value, function) for value in values)
    if function == "ceil_div":
        if second <= 0:
            raise ExpressionError("ceil_div by a number that is not positive")
        return -(-first // second)
    return min(first, second) if function == "min" else max(first, second)


def _names(node: Node) -> Iterator[str]:
    match node:
        case Name(name):
            yield name
        case Unary(_, operand):
            yield from _names(operand)
        case Binary(_, left, right):
            yield from _names(left)
            yield from _names(right)
        case Call(_, arguments):
            for argument in arguments:
                yield from _names(argument)
        case Number():
            return
