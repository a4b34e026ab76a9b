"""How Argo CD reads what a plug-in prints: text to objects, with the scalars of Go's YAML library."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import yaml
from cmp_unpacking import RefusedError


class GoLoader(yaml.CSafeLoader):
    """Takes plain scalars for what Go's YAML 1.1 library takes them for: `y`, `1e3` and `0o14` are no texts there."""


def _whole(loader: GoLoader, node: yaml.ScalarNode) -> int:
    text = loader.construct_scalar(node).replace("_", "")
    return int(re.sub(r"^([-+]?)0(?=[0-7])", r"\g<1>0o", text), 0)


def _decimal(loader: GoLoader, node: yaml.ScalarNode) -> float:
    return float(loader.construct_scalar(node).replace("_", ""))


_SCALARS: Final = (
    ("bool", r"y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE|n|N|no|No|NO|off|Off|OFF|false|False|FALSE"),
    ("null", r"|~|null|Null|NULL"),
    ("int", r"[-+]?(0[bB][01_]+|0[oO]?[0-7_]+|0[xX][0-9a-fA-F_]+|0|[1-9][0-9_]*)"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"),
    ("merge", r"<<"),
)
GoLoader.yaml_implicit_resolvers = {
    None: [(f"tag:yaml.org,2002:{kind}", re.compile(f"^(?:{pattern})$")) for kind, pattern in _SCALARS]
}
GoLoader.bool_values = {**yaml.CSafeLoader.bool_values, "y": True, "n": False}
GoLoader.add_constructor("tag:yaml.org,2002:int", _whole)
GoLoader.add_constructor("tag:yaml.org,2002:float", _decimal)


def split(text: str) -> list[str]:
    """Return one text of JSON for each object; documents without content are passed over.

    Raises:
        RefusedError: when the text is neither YAML nor JSON, or holds something that is no object.
    """
    read = _json if text.lstrip().startswith("{") else _yaml
    found = []
    for each in read(text):
        if each is None:
            continue
        if not isinstance(each, dict) or not each.get("kind"):
            raise RefusedError(f"Object 'Kind' is missing in '{json.dumps(each)[:200]}'")
        found.append(json.dumps(each, ensure_ascii=False))
    return found


def _json(text: str) -> list[Any]:
    found = []
    decoder = json.JSONDecoder()
    try:
        while text := text.lstrip():
            value, end = decoder.raw_decode(text)
            found.append(value)
            text = text[end:]
    except ValueError as error:
        raise RefusedError(f"failed to unmarshal manifest: {error}") from error
    return found


def _yaml(text: str) -> list[Any]:
    # The reader parts documents by lines, before anything is parsed; what follows the dashes must be blank.
    parts = re.split(r"^---(.*)$", text, flags=re.MULTILINE)
    if wrong := [rest for rest in parts[1::2] if rest.strip()]:
        raise RefusedError(f"failed to unmarshal manifest: invalid Yaml document separator: {wrong[0].strip()}")
    try:
        return [yaml.load(part, GoLoader) for part in parts[::2]]  # noqa: S506 - a safe loader's child
    except yaml.YAMLError as error:
        raise RefusedError(f"failed to unmarshal manifest: {error}") from error
