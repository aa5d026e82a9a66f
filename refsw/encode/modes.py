# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Which coding tools a configuration turns on. Never imports torch."""

from __future__ import annotations

from dataclasses import dataclass

from refsw.config import Config
from refsw.configfile import suggestion
from refsw.errors import UsageError
from refsw.spec import Profile
from refsw.tools import tool as interface
from refsw.tools.tool import AUTO, OFF
from refsw.tools.toolbox import Toolbox


@dataclass(frozen=True)
class Wanted:
    """A tool that a configuration turns on; branch: the decision that is forced, None: the tool decides."""

    tool: interface.Tool
    branch: str | None


def wanted_tools(config: Config, profile: Profile, toolbox: Toolbox) -> tuple[Wanted, ...]:
    """Tools that are on, in the order of application.

    A tool that is on by default is left out where the profile does not have it; one that the configuration turns on
    makes the picture experimental there. Raises UsageError where a tool or mode does not exist.
    """
    modes = dict(config.tools)
    proposals = [tool for name in modes if (tool := _proposal(toolbox, name)) is not None]
    known = (*toolbox.own, *proposals)
    for name, mode in modes.items():
        tool = next((tool for tool in known if tool.name == name), None)
        if tool is None:
            names = [one.name for one in toolbox.everything()]
            raise UsageError(f"tools.{name}: there is no such coding tool{suggestion(name, names)}")
        if mode not in interface.known_modes(tool):
            raise UsageError(f"tools.{name}: {mode} is not allowed; allowed: {', '.join(interface.known_modes(tool))}")
    found = []
    for tool in known:
        mode = modes.get(tool.name, tool.default)
        if mode == OFF:
            continue
        if tool.name not in modes and not allowed(tool, profile):
            continue
        found.append(Wanted(tool, None if mode == AUTO else mode))
    return tuple(found)


def _proposal(toolbox: Toolbox, name: str) -> interface.Tool | None:
    return None if any(tool.name == name for tool in toolbox.own) else toolbox.proposal(name)


def allowed(tool: interface.Tool, profile: Profile) -> bool:
    """(A.1.7, A.1.8) Whether pictures of a profile may use a tool; proposals are experimental."""
    return bool(profile.any_tool) or tool.tool_id in profile.tools
