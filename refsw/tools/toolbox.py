# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The tools that a program has: those of the specification, and proposals that are installed or named.

There is no registration by import: `OWN` is a list, entry points are asked for when a codestream or a configuration
names what the list does not have, and a plug-in is a folder whose path the user gives.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from refsw.errors import RefswError, UsageError
from refsw.syntax.payload import PayloadSyntax, load_syntax
from refsw.tools.linear_enhancement.tool import LINEAR_ENHANCEMENT
from refsw.tools.resolution.tool import RESOLUTION
from refsw.tools.switched_enhancement.tool import SWITCHED_ENHANCEMENT
from refsw.tools.tool import LatentTool, PostFilter, Tool
from refsw.tools.variance_scaling.tool import VARIANCE_SCALING

OWN: tuple[Tool, ...] = (SWITCHED_ENHANCEMENT, LINEAR_ENHANCEMENT, RESOLUTION, VARIANCE_SCALING)
"""Tools that have a tool_id, ascending: post-filters are applied in this order."""
GROUP = "refsw.tools"
"""Entry points of proposals: NAME = "module:OBJECT"."""
VARIABLE = "REFSW_PLUGINS"
"""Environment variable: folders of proposals, separated as in PATH, for every program and what it starts."""
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")


@dataclass(frozen=True)
class Toolbox:
    """own: by ascending tool_id; proposals: by name."""

    own: tuple[Tool, ...] = OWN
    proposals: tuple[Tool, ...] = ()

    def by_id(self, tool_id: int) -> Tool | None:
        """The tool with this id; None where this program has none."""
        return next((tool for tool in self.own if tool.tool_id == tool_id), None)

    def proposal(self, name: str) -> Tool | None:
        """The proposal of this name, here or installed; None where there is none."""
        known = next((tool for tool in self.proposals if tool.name == name), None)
        return known or next((tool for tool in installed() if tool.name == name), None)

    def everything(self) -> tuple[Tool, ...]:
        """Own tools, then proposals: those named, then those installed."""
        named = {tool.name for tool in self.proposals}
        return (*self.own, *self.proposals, *(tool for tool in installed() if tool.name not in named))

    def with_plugins(self, paths: Iterable[Path]) -> Toolbox:
        """With the proposals of folders. Raises UsageError."""
        found = tuple(load_plugin(path) for path in paths)
        return Toolbox(self.own, _distinct((*self.proposals, *found), self.own))


DEFAULT = Toolbox()


def installed() -> tuple[Tool, ...]:
    """Proposals of the folders in REFSW_PLUGINS and of installed packages, by name. Raises UsageError.

    A folder wins over an installed package of the same name.
    """
    folders = [folder for folder in os.environ.get(VARIABLE, "").split(os.pathsep) if folder]
    named = [load_plugin(Path(folder)) for folder in folders]
    names = {tool.name for tool in named}
    return _distinct((*named, *(tool for tool in _of_packages() if tool.name not in names)), OWN)


@cache
def _of_packages() -> tuple[Tool, ...]:
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return tuple(_loaded(point.name, point.load, f"entry point {point.name}") for point in points)


def load_plugin(folder: Path) -> Tool:
    """The proposal in a folder that `refsw-new-tool` wrote: TOOL of the one package in it. Raises UsageError."""
    packages = sorted(path.parent for path in folder.glob("*/syntax.yaml")) if folder.is_dir() else []
    if len(packages) != 1:
        raise UsageError(f"--plugin {folder}: expected a folder with one package that has a syntax.yaml")
    name = packages[0].name
    return _loaded(name, lambda: _import(packages[0]).TOOL, f"--plugin {folder}")


def _import(package: Path) -> ModuleType:
    """The package under a name of its own, which its content is part of: one that was edited is another one."""
    file, state = package.resolve() / "__init__.py", hashlib.sha256(str(package.resolve()).encode())
    for own in sorted(path for path in package.rglob("*") if path.suffix in (".py", ".yaml")):
        state.update(own.read_bytes())
    name = f"refsw_plugin_{state.hexdigest()[:12]}_{package.name}"
    if name in sys.modules:
        return sys.modules[name]
    place = importlib.util.spec_from_file_location(name, file, submodule_search_locations=[str(file.parent)])
    assert place is not None and place.loader is not None
    module = importlib.util.module_from_spec(place)
    sys.modules[name] = module
    place.loader.exec_module(module)
    return module


def _loaded(name: str, load: Any, where: str) -> Tool:
    """A proposal, checked. Whatever its code raises is one line that names it."""
    try:
        tool = load()
    except RefswError:
        raise
    except Exception as error:  # foreign code may raise anything
        raise UsageError(f"{where}: cannot be loaded: {type(error).__name__}: {error}") from None
    if not isinstance(tool, PostFilter | LatentTool):
        raise UsageError(f"{where}: is neither a post-filter nor a latent tool (docs/contributor/tools.md)")
    if tool.tool_id != 0 or tool.name != name or not _NAME.match(name):
        raise UsageError(f"{where}: a proposal has tool_id 0, and its name is that of its package: {name}")
    syntax_of(tool)
    return tool


def _distinct(tools: Sequence[Tool], own: Sequence[Tool]) -> tuple[Tool, ...]:
    names = [tool.name for tool in (*own, *tools)]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"tool {name}: there are two of this name")
    return tuple(tools)


@cache
def _syntax(name: str, folder: Path, structure: str, classes: tuple[tuple[str, type[Any]], ...]) -> PayloadSyntax:
    return load_syntax(folder / "syntax.yaml", structure, dict(classes))


def syntax_of(tool: Tool) -> PayloadSyntax:
    """The tables of a tool's payload. Raises SpecError, UsageError."""
    return _syntax(tool.name, tool.folder, tool.structure, tuple(tool.classes.items()))
