# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Render the specification: spec/text/*.md with the tables of spec/ put in, to docs/spec/.

    {{segments}}  {{rules}}            Table 5-1; rules of the whole
    {{boxes}}  {{file_rules}}          Table F-1; rules of the file format
    {{structure NAME}}                 syntax table of a structure
    {{semantics NAME}}                 semantics of a structure and its elements
    {{constraints PREFIX}}             constraints whose clause begins so
    {{tool NAME}}  {{proposal}}        syntax and semantics of a coding tool's payload, of a proposal
    {{data FILE KEY}}                  a list of rows in a YAML document of spec/
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from refsw import spec
from refsw.resources import spec_dir
from refsw.syntax import documents
from refsw.syntax.definition import Syntax
from refsw.tools.proposal import proposal_syntax
from refsw.tools.toolbox import OWN, syntax_of

OUTPUT = Path(__file__).resolve().parent.parent / "docs" / "spec"
NOTE = "<!-- Rendered by tools/render_spec.py from spec/; do not edit. -->\n"


def main(argv: list[str] | None = None) -> int:
    """Write docs/spec, or with --check compare it; 1 where it differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where docs/spec is out of date")
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT, help="folder (default: docs/spec)")
    options = parser.parse_args(argv)
    pages = render()
    if options.check:
        wrong = outdated(options.output, pages)
        for name in wrong:
            print(f"{options.output / name}: out of date; run python tools/render_spec.py", file=sys.stderr)
        return 1 if wrong else 0
    options.output.mkdir(parents=True, exist_ok=True)
    for old in options.output.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        (options.output / name).write_text(text, encoding="utf-8")
    return 0


def render() -> dict[str, str]:
    """Every page of the rendered specification by its file name."""
    pages = {}
    intro = "Rendered from `spec/`, whose data are normative and run in the reference software."
    index = ["# Specification", "", intro, ""]
    for path in sorted((spec_dir() / "text").glob("*.md")):
        source = path.read_text(encoding="utf-8")
        pages[path.name] = NOTE + re.sub(r"\{\{(.+?)\}\}", lambda match: _expand(match.group(1)), source)
        title = next(line for line in source.splitlines() if line.startswith("# "))
        index.append(f"- [{title.lstrip('# ')}]({path.name})")
    pages["README.md"] = NOTE + "\n".join(index) + "\n"
    return pages


def outdated(folder: Path, pages: dict[str, str]) -> list[str]:
    """Names of pages that are missing, differ, or should not be there."""
    present = {path.name for path in folder.glob("*.md")}
    wrong = [name for name, text in pages.items() if name not in present or (folder / name).read_text("utf-8") != text]
    return sorted({*wrong, *(present - pages.keys())})


def _payload(tables: Syntax) -> str:
    parts = (part(name, tables) for name in tables.structures
             for part in (documents.structure_table, documents.structure_semantics))  # fmt: skip
    return "\n\n".join(parts)


def _expand(order: str) -> str:
    match order.split():
        case ["segments"]:
            return documents.segment_table()
        case ["rules"]:
            return documents.rule_table()
        case ["boxes"]:
            return documents.box_table()
        case ["file_rules"]:
            return documents.file_rule_table()
        case ["structure", name]:
            return documents.structure_table(name)
        case ["semantics", name]:
            return documents.structure_semantics(name)
        case ["constraints", prefix]:
            return documents.constraint_table(prefix)
        case ["tool", name]:
            tool = next(tool for tool in OWN if tool.name == name)
            return _payload(syntax_of(tool).tables)
        case ["proposal"]:
            return _payload(proposal_syntax().tables)
        case ["data", file, key]:
            return documents.data_table(spec.document(file)[key])
        case _:
            raise SystemExit(f"spec/text: {{{{{order}}}}} is not known to tools/render_spec.py")


if __name__ == "__main__":
    sys.exit(main())
