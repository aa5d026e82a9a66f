# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(E.5) From a name, or from what a codestream asks for, to an installed model package.

Searched in this order: the folders in environment variable REFSW_MODELS (separated as in PATH), the shipped sets.
A searched folder holds one folder per package.
"""

from __future__ import annotations

import os
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from refsw.errors import ModelError
from refsw.models.description import ModelDescription, check_form
from refsw.models.package import DESCRIPTION_FILE, ModelPackage, read_description, read_package
from refsw.models.schema import parse
from refsw.resources import models_dir, spec_dir

VARIABLE = "REFSW_MODELS"


@dataclass(frozen=True)
class ListedModel:
    """(E.5) A model that the specification lists: id, name, package digest."""

    model_id: int
    name: str
    digest: str


def listed() -> tuple[ListedModel, ...]:
    """(E.5) The models of `spec/models.yaml`, in order of id."""
    return read_listing(spec_dir() / "models.yaml")


def read_listing(path: Path) -> tuple[ListedModel, ...]:
    """Parse and validate a listing; raises ModelError."""
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from None
    document = parse(text, "models", str(path))
    try:
        for item in document["models"]:
            check_form("name", item["name"])
            check_form("digest", item["digest"])
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None
    models = tuple(ListedModel(item["model_id"], item["name"], item["digest"]) for item in document["models"])
    for attribute in ("model_id", "name"):
        if len({getattr(model, attribute) for model in models}) < len(models):
            raise ModelError(f"{path}: a {attribute} is listed twice")
    return tuple(sorted(models, key=lambda model: model.model_id))


def write_listing(path: Path, packages: Iterable[ModelPackage]) -> None:
    """Write a listing of packages, in place of the one that is there."""
    lines = [
        "# SPDX-License-Identifier: BSD-3-Clause-Clear",
        "# (E.5) Models that a codestream may name. Written by refsw.models.find.write_listing; digest as in E.4.",
        "clause: E.5",
        "models:",
    ]
    for package in sorted(packages, key=lambda package: package.description.model_id):
        description = package.description
        lines.append(f"  - {{model_id: {description.model_id}, name: {description.name}, digest: {package.digest}}}")
    if len(lines) == 4:
        lines[-1] = "models: []"
    path.write_text("\n".join(lines) + "\n", "utf-8")


def installed(folder: Path | None = None) -> tuple[tuple[Path, ModelDescription], ...]:
    """Folders and descriptions of the installed packages, in order of search; weights are not verified.

    folder: one to search in place of the usual ones. Packages that cannot be read are left out.
    """
    found = []
    for candidate in _candidates(folder):
        try:
            found.append((candidate, read_description(candidate)))
        except ModelError:
            continue
    return tuple(found)


def load_package(name_or_path: str | Path) -> ModelPackage:
    """(E.1) Load and verify a package.

    name_or_path: name of an installed set such as "base", or the folder of a package.
    Raises ModelError where it is absent, altered, or shipped with other weights than the specification lists.
    """
    path = Path(name_or_path)
    if isinstance(name_or_path, Path) or path.name != name_or_path or (path / DESCRIPTION_FILE).is_file():
        return _load(path)
    found = installed()
    for folder, description in found:
        if description.name == name_or_path:
            return _load(folder)
    broken = [folder for folder in _candidates(None) if folder.name == name_or_path]
    if broken:
        return _load(broken[0])  # says what is wrong with it
    raise ModelError(f"model {name_or_path} is not installed; installed: {_names(found)}")


def find_by_id(model_id: int, digest_prefix: str, folder: Path | None = None) -> ModelPackage:
    """(E.5) The package that a codestream asks for.

    model_id: of the picture header; digest_prefix: first hexadecimal digits of the package digest, as in the header.
    folder: one to search in place of the usual ones.
    Raises ModelError that names what is needed and what is installed.
    """
    if not digest_prefix or not set(digest_prefix) <= set(string.hexdigits):
        raise ValueError(f"digest prefix {digest_prefix!r}: expected hexadecimal digits")
    wanted = digest_prefix.lower()
    found = installed(folder)
    same_id = [(where, description) for where, description in found if description.model_id == model_id]
    for where, description in same_id:
        if description.digest.startswith(wanted):
            return _load(where)
    names = [model.name for model in listed() if model.model_id == model_id]
    names += [description.name for _, description in same_id]
    needs = f"the stream needs model {model_id}{f' ({names[0]})' if names else ''} with weights {wanted[:16]}"
    if same_id:
        where, description = same_id[0]
        raise ModelError(f"{needs}, installed is {description.digest[:16]} in {where}: wrong weights")
    raise ModelError(f"{needs}, which is not installed; installed: {_names(found)}")


def _load(folder: Path) -> ModelPackage:
    """Read a package; a shipped one must be the one that the specification lists under its id."""
    package = read_package(folder)
    if folder.resolve().parent == models_dir().resolve():
        for model in listed():
            if model.model_id == package.description.model_id and model.digest != package.digest:
                raise ModelError(
                    f"{folder}: {package.label} has weights {package.digest[:16]}, "
                    f"the specification lists {model.digest[:16]}: wrong weights"
                )
    return package


def _candidates(folder: Path | None) -> Iterator[Path]:
    """Folders that hold a `model.yaml`, in order of search and name."""
    named = [Path(entry) for entry in os.environ.get(VARIABLE, "").split(os.pathsep) if entry]
    for root in [folder] if folder is not None else [*named, models_dir()]:
        try:
            yield from sorted(entry for entry in root.iterdir() if (entry / DESCRIPTION_FILE).is_file())
        except OSError as error:
            if root != models_dir():
                raise ModelError(f"{root}: cannot be searched for models: {error.strerror}") from None


def _names(found: Iterable[tuple[Path, ModelDescription]]) -> str:
    labels = [f"{item.model_id} ({item.name}, {item.digest[:8]})" for _, item in found]
    return ", ".join(labels) or "none"

