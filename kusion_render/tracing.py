"""From places in merged data to places in files: the second, traced merge, when something is wrong or someone asks."""

from __future__ import annotations

from kusion_render.assembly import Sources, assemble
from kusion_render.document import GONE, MISSING, at
from kusion_render.origins import Token, tokens, witness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer, Span
    from kusion_render.pipeline import Input
    from kusion_render.repository import Repository


class Trace:
    """Answers where a value of a render's apps was written, and what it overrode."""

    __slots__ = ("_repository", "_source", "_steps")

    def __init__(self, repository: Repository, source: Input) -> None:
        self._repository: Final = repository
        self._source: Final = source
        self._steps: Final = _prefixes(source.sources)

    @property
    def merged(self) -> Any:
        """The assembled apps with a token for every scalar."""
        return self._steps[-1]

    def span(self, pointer: Pointer, *, on_key: bool = False, enforced: bool = True) -> Span | None:
        """Return the place that a value of the apps was written at, or of the nearest thing around it.

        Without `enforced` it is the place of what the apps say themselves.
        """
        whole = pointer
        while pointer:
            written = self._last_map(pointer)
            if written is not None:
                return self._repository.files.span(written, pointer, on_key=on_key or pointer != whole)
            found = witness(self._steps[-1 if enforced else -2], pointer)
            if found is not None:
                return self._locate(*found, on_key=on_key or pointer != whole)
            null = self._null(pointer)
            if null is not None:
                return null
            pointer = pointer[:-1]
        return None

    def _last_map(self, pointer: Pointer) -> str | None:
        """Return the app file that wrote into a map last; a workspace's defaults for it are not where one looks."""
        if not isinstance(at(self._steps[-1], pointer), dict):
            return None
        return next(
            (layer.file for layer in reversed(self._source.layers) if isinstance(at(layer.data, pointer), dict)), None
        )

    def _null(self, pointer: Pointer) -> Span | None:
        if len(pointer) > 1 and at(self._source.sources.enforce, pointer[1:]) is None:
            return self._locate(-1, ("enforce", *pointer[1:]), on_key=True)
        for layer in reversed(self._source.layers):
            if at(layer.data, pointer) is None:
                return self._repository.files.span(layer.file, pointer, on_key=True)
        return None

    def _locate(self, layer: int, pointer: Pointer, *, on_key: bool = False) -> Span | None:
        file = self.file(layer)
        return self._repository.files.span(file, pointer, on_key=on_key) if file else None

    def first(self, pointer: Pointer) -> Span | None:
        """Return the place where a key of the apps was first written, which is where its name comes from."""
        for layer in self._source.layers:
            if at(layer.data, pointer) is not MISSING:
                return self._repository.files.span(layer.file, pointer, on_key=True)
        return self.span(pointer, on_key=True)

    def locate(self, token: Token) -> Span | None:
        """Return the place of a token's value."""
        return self._locate(token.layer, token.pointer)

    def role(self, layer: int, pointer: Pointer) -> str:
        """Return in what role a layer speaks, in words; "" for an app file's own app."""
        if layer >= len(self._source.layers):
            return "--set"
        if layer < 0:
            return "enforced" if pointer[0] == "enforce" else f"module {pointer[1]}, {pointer[3]}"
        return '"*"' if "*" in pointer else ""

    def file(self, layer: int) -> str:
        """Return the file of a layer by its number in the tokens; "" is the command line."""
        if layer < 0:
            return self._source.workspace.file
        layers = self._source.layers
        return layers[layer].file if layer < len(layers) else ""

    def history(self, pointer: Pointer) -> list[tuple[int, Pointer, Any]]:
        """Return who set a value, oldest first: layer, place in it, value; `GONE` for a deletion."""
        found: list[tuple[int, Pointer, Any]] = []
        for number, step in enumerate(self._steps):
            value = at(step, pointer)
            if value is GONE:
                if found and found[-1][2] is not GONE:
                    enforced = number == len(self._steps) - 1
                    found.append((-1, ("enforce", *pointer[1:]), GONE) if enforced else (number - 1, pointer, GONE))
            elif isinstance(value, Token) and (not found or found[-1][:2] != (value.layer, value.pointer)):
                found.append((value.layer, value.pointer, value.value))
        return found


def _prefixes(sources: Sources) -> list[Any]:
    """Assemble the apps from tokens, with ever more of the layers: what differs between two steps is what one changed."""
    layers = [tokens(layer, number) for number, layer in enumerate(sources.layers)]
    modules = {
        name: {**module, "configs": tokens(module.get("configs") or {}, -1, ("modules", name, "configs"))}
        for name, module in sources.modules.items()
    }
    enforce = tokens(sources.enforce, -1, ("enforce",))
    settings = [(pointer, tokens(value, len(layers), pointer)) for pointer, value in sources.settings]

    def step(count: int, *, said: bool = False, enforced: bool = False) -> Any:
        return assemble(
            Sources(
                layers[:count],
                project=sources.project,
                modules=modules,
                enforce=enforce if enforced else None,
                settings=settings if said else (),
                deep=sources.deep,
            )
        )

    whole = len(layers)
    return [
        *(step(count) for count in range(whole + 1)),
        step(whole, said=True),
        step(whole, said=True, enforced=True),
    ]
