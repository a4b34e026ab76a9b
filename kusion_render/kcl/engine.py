"""Finds and loads the evaluator of the package `kcl-lib`: its compiled part alone.

Its Python part imports protobuf, which takes four times as long as all else a render does.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final, TypeAlias

    # A method's name and its arguments, to its result: messages of `spec.proto`, as bytes.
    Call: TypeAlias = Callable[[bytes, bytes], bytes]

_PACKAGE: Final = "kcl_lib"
_EXTENSION: Final = "kcl_lib._kcl_lib"


def is_available() -> bool:
    """Tell whether KCL can be evaluated here: `kcl-lib` is installed, and processes can be forked."""
    return hasattr(os, "fork") and _path() is not None


def load() -> Call:
    """Return the function that calls the evaluator.

    Raises:
        ImportError: when `kcl-lib` is missing, or not for this machine.
    """
    from importlib.machinery import ExtensionFileLoader
    from importlib.util import module_from_spec, spec_from_file_location

    path = _path()
    if path is None:
        raise ImportError(f"{_PACKAGE} is not installed")
    loader = ExtensionFileLoader(_EXTENSION, path)
    spec = spec_from_file_location(_EXTENSION, path, loader=loader)
    assert spec is not None  # noqa: S101 - a loader was given
    module = module_from_spec(spec)
    loader.exec_module(module)
    call: Call = module.call
    return call


def _path() -> str | None:
    from importlib.machinery import EXTENSION_SUFFIXES
    from importlib.util import find_spec

    spec = find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        for suffix in EXTENSION_SUFFIXES:
            path = os.path.join(folder, "_kcl_lib" + suffix)
            if os.path.isfile(path):
                return path
    return None
