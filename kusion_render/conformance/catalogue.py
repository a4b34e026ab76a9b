"""What Kubernetes' own schemas know, by version: the kinds, and how their objects look.

`kubernetes.json` comes along with the program (`conformance.build` writes it): pruned copies of the schemas that the
Kubernetes project publishes under the Apache License 2.0.
"""

from __future__ import annotations

import json
import os
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from kusion_render.kubernetes.scopes import group
from kusion_render.schema.objects import Shapes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DATA: Final = os.path.join(os.path.dirname(__file__), "kubernetes.json")
METADATA: Final = "meta.v1.ObjectMeta"


class Version:
    """One version of Kubernetes: its kinds, as `apps/v1 Deployment`, each with the name of its definition."""

    __slots__ = ("definitions", "kinds", "name", "shapes")

    def __init__(self, name: str, kinds: Mapping[str, str], definitions: Mapping[str, Any]) -> None:
        self.name: Final = name
        self.kinds: Final = kinds
        self.definitions: Final = definitions
        self.shapes: Final = Shapes(definitions)

    def homes(self, kind: str) -> list[str]:
        """Return the `apiVersion`s that have a kind, the most stable first, and of these the latest."""
        found = [api for api, _, known in (each.partition(" ") for each in self.kinds) if known == kind]
        return sorted(found, key=_maturity, reverse=True)


class Catalogue:
    """All versions that we know, oldest first in `names`; each is made when it is asked for."""

    __slots__ = ("_data", "_made", "groups", "names")

    def __init__(self) -> None:
        self._data: Final = _read()
        self._made: Final[dict[str, Version]] = {}
        self.names: Final[Sequence[str]] = self._data["versions"]
        self.groups: Final = {group(each.partition(" ")[0]) for each in self._data["kinds"]} | {"extensions"}

    def version(self, name: str) -> Version:
        """Return one of the versions in `names`."""
        made = self._made.get(name)
        if made is None:
            definitions = {key: schema for key, schema in self._definitions(name) if schema is not None}
            kinds = {kind: key for kind, key in self._data["kinds"].items() if key in definitions}
            made = self._made[name] = Version(name, kinds, definitions)
        return made

    def _definitions(self, name: str) -> Iterator[tuple[str, Any]]:
        place = {each: at for at, each in enumerate(self.names)}
        for key, history in self._data["definitions"].items():
            held = [schema for since, schema in history if place[since] <= place[name]]
            yield key, held[-1] if held else None

    def having(self, kind: str) -> list[str]:
        """Return the versions that have a kind, as `apps/v1 Deployment`, oldest first."""
        return [name for name in self.names if kind in self.version(name).kinds]

    def span(self, names: Sequence[str]) -> str:
        """Write versions for readers: `1.29–1.31, 1.33`."""
        runs: list[list[int]] = []
        for at in sorted(self.names.index(name) for name in names):
            if runs and runs[-1][-1] == at - 1:
                runs[-1].append(at)
            else:
                runs.append([at])
        texts = [(self.names[run[0]], self.names[run[-1]]) for run in runs]
        return ", ".join(first if first == last else f"{first}–{last}" for first, last in texts)


def _maturity(api_version: str) -> tuple[bool, bool, list[int], str]:
    """Return what sorts `v1alpha1` below `v1beta1`, `v1` and `v2`, as kubectl ranks versions."""
    numbers = [int(each) for each in re.findall("[0-9]+", api_version.rpartition("/")[2])]
    return is_stable(api_version), "alpha" not in api_version, numbers, api_version


def is_stable(api_version: str) -> bool:
    """Tell whether an API is neither alpha nor beta."""
    return "alpha" not in api_version and "beta" not in api_version


def shipped() -> Sequence[str]:
    """Return the versions that we know, oldest first."""
    names: Sequence[str] = _read()["versions"]
    return names


@cache
def _read() -> Any:  # Any: JSON of our own
    with open(DATA, encoding="utf-8") as stream:
        return json.load(stream)
