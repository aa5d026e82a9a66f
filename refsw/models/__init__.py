# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Model packages (Annex E): `model.yaml` and safetensors files in one folder, found by id and digest.

    save_package   description + tensors -> folder
    load_package   name or folder -> ModelPackage, everything verified
    find_by_id     what a codestream asks for -> ModelPackage
"""

from refsw.models.description import ComponentDescription, ModelDescription, TensorDescription
from refsw.models.find import find_by_id, installed, load_package
from refsw.models.package import ModelPackage, save_package

__all__ = [
    "ComponentDescription",
    "ModelDescription",
    "ModelPackage",
    "TensorDescription",
    "find_by_id",
    "installed",
    "load_package",
    "save_package",
]
