"""libyaml's parser as PyYAML wraps it, without the parser that PyYAML wrote in Python.

`import yaml` compiles regular expressions for a parser, a resolver and a constructor that are never used here; that takes
longer than all of this program's own start. The wrapper `yaml._yaml` only needs the package's exceptions, marks, tokens,
events and nodes. So it is imported while small stand-ins answer for the modules that hold the unused rest; they are gone
again before anybody else says `import yaml`, who then gets the whole package.
"""

from __future__ import annotations

import sys

from kusion_render.diagnostics import ToolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

__all__ = [
    "AliasEvent",
    "BlockEntryToken",
    "CParser",
    "ComposerError",
    "DocumentEndEvent",
    "MappingEndEvent",
    "MappingNode",
    "MappingStartEvent",
    "Mark",
    "MarkedYAMLError",
    "Node",
    "ReaderError",
    "ScalarEvent",
    "ScalarNode",
    "SequenceEndEvent",
    "SequenceStartEvent",
    "TagToken",
    "ValueToken",
    "YAMLError",
]

# The modules that are stood in for, and the exception of each that the wrapper takes from there.
_UNUSED: Final = {
    "reader": "ReaderError",
    "scanner": "ScannerError",
    "parser": "ParserError",
    "composer": "ComposerError",
    "constructor": "ConstructorError",
    "emitter": "EmitterError",
    "serializer": "SerializerError",
    "representer": "RepresenterError",
}
_MARKED: Final = ("ScannerError", "ParserError", "ComposerError", "ConstructorError")
_NEEDED: Final = ("error", "tokens", "events", "nodes")


def _load() -> Any:
    """Return the module `yaml._yaml`, whose types are PyYAML's."""
    if "yaml" not in sys.modules:
        package = _package()
        if package is not None:
            return _load_beside(package)
    return _import("_yaml")


def _import(name: str) -> Any:
    return __import__(f"yaml.{name}", fromlist=("yaml",))


def _package() -> Any:
    """Return PyYAML's package, found but not run; None where finding it differs from what is known here."""
    for finder in sys.meta_path:
        spec = finder.find_spec("yaml", None)
        if spec is not None and spec.submodule_search_locations:
            package: Any = type(sys)("yaml")
            package.__path__ = list(spec.submodule_search_locations)
            return package
    return None


def _load_beside(package: Any) -> Any:
    sys.modules["yaml"] = package
    try:
        for name in _NEEDED:
            setattr(package, name, _import(name))
        for name, error in _UNUSED.items():
            stand_in: Any = type(sys)(f"yaml.{name}")
            setattr(stand_in, error, _exception(package.error, error))
            sys.modules[stand_in.__name__] = stand_in
            setattr(package, name, stand_in)
        return _import("_yaml")
    finally:
        # `yaml.error` and the others that are whole stay, so that there is one of each.
        for name in ("yaml", *(f"yaml.{name}" for name in _UNUSED)):
            sys.modules.pop(name, None)


def _exception(errors: Any, name: str) -> type[Exception]:
    if name == "ReaderError":
        return _reader_error(errors.YAMLError)
    return type(name, (errors.MarkedYAMLError if name in _MARKED else errors.YAMLError,), {})


def _reader_error(base: type[Exception]) -> type[Exception]:
    def __init__(self: Any, name: str, position: int, character: object, encoding: str, reason: str) -> None:  # noqa: N807 - it is one
        base.__init__(self, f"{reason} at position {position}")
        self.name, self.position, self.character = name, position, character
        self.encoding, self.reason = encoding, reason

    return type("ReaderError", (base,), {"__init__": __init__})


if TYPE_CHECKING:
    from yaml._yaml import CParser
    from yaml.composer import ComposerError
    from yaml.error import Mark, MarkedYAMLError, YAMLError
    from yaml.events import (
        AliasEvent,
        DocumentEndEvent,
        MappingEndEvent,
        MappingStartEvent,
        ScalarEvent,
        SequenceEndEvent,
        SequenceStartEvent,
    )
    from yaml.nodes import MappingNode, Node, ScalarNode
    from yaml.reader import ReaderError
    from yaml.tokens import BlockEntryToken, TagToken, ValueToken
else:
    try:
        _libyaml = _load()
    except ImportError as error:
        # The pure Python parser is eight times slower and reads some files differently.
        raise ToolError(
            "PyYAML was installed without libyaml; install a wheel of PyYAML, or libyaml's headers before building it"
        ) from error
    CParser = _libyaml.CParser
    ComposerError, ReaderError = _libyaml.ComposerError, _libyaml.ReaderError
    Mark, YAMLError, MarkedYAMLError = _libyaml.Mark, _libyaml.YAMLError, _libyaml.yaml.error.MarkedYAMLError
    AliasEvent, DocumentEndEvent, ScalarEvent = _libyaml.AliasEvent, _libyaml.DocumentEndEvent, _libyaml.ScalarEvent
    MappingStartEvent, MappingEndEvent = _libyaml.MappingStartEvent, _libyaml.MappingEndEvent
    SequenceStartEvent, SequenceEndEvent = _libyaml.SequenceStartEvent, _libyaml.SequenceEndEvent
    MappingNode, ScalarNode, Node = _libyaml.MappingNode, _libyaml.ScalarNode, _libyaml.yaml.nodes.Node
    BlockEntryToken, TagToken, ValueToken = _libyaml.BlockEntryToken, _libyaml.TagToken, _libyaml.ValueToken
