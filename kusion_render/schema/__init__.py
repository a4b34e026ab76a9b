"""Whether data fits its schema, and what the schema knows about reading and merging it.

Generated validators answer the common case; only when one objects is jsonschema imported to say why.
Schemas have names: `project`, `stack`, `workspace`, `kusion-render`, `app-configuration` (one app) and
`modules/<name>`. A module from outside passes its resolved schema as `schema`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeAlias

    from kusion_render.diagnostics import Diagnostics, Json, Pointer, Severity, Span
    from kusion_render.schema.truth import Schema

    # Positions of one file: pointer -> (span of the key, span of the value).
    FilePositions: TypeAlias = Callable[[], Mapping[Pointer, tuple[Span | None, Span]]]

from kusion_render.schema.patterns import Invalid


def check(
    data: Json,
    name: str,
    diagnostics: Diagnostics,
    *,
    pointer: Pointer = (),
    document: str = "apps",
    file_positions: FilePositions | None = None,
    schema: Schema | None = None,
    unknown_keys: Severity = "error",
) -> bool:
    """Report everything in which the data does not fit the schema; return whether it has no error.

    `pointer` is where the data stands in `document`. With `file_positions` (asked only when something is
    wrong) problems are placed in that file instead, by pointers from its root. `unknown_keys` lets Kusion's
    project, stack and workspace files carry more than is known. Reports KR201 to KR207.
    """
    if schema is None:
        try:
            artefacts(name).validate(data)
        except Invalid:
            pass
        else:
            return True
    from kusion_render.schema.check import Report, explain

    report = Report(diagnostics, name, pointer, document, file_positions, unknown_keys)
    return explain(data, report, schema)


def typed(
    data: Json,
    name: str,
    diagnostics: Diagnostics,
    *,
    pointer: Pointer = (),
    document: str = "apps",
    file_positions: FilePositions | None = None,
    schema: Schema | None = None,
) -> Json:
    """Return the data with every `Plain` scalar resolved: its source text where text is wanted, else its value.

    Parts without such scalars are shared, not copied. Only useful where the parser met any (`Parsed.has_plain`).
    Reports KR103 where the value is needed and the YAML versions disagree about it.
    """
    from kusion_render.schema.scalars import Resolution, resolve

    if schema is None:
        positions = artefacts(name).TEXT
    else:
        from kusion_render.schema.positions import text_positions

        positions = text_positions(schema)
    return resolve(data, positions, pointer, Resolution(diagnostics, document, file_positions))


def merge_keys(name: str, schema: Schema | None = None) -> dict[str, Any]:  # Any: the nested form is recursive
    """Return which lists merge by key: `{"ports": ("port", "protocol"), "services": {"*": …}}`.

    A property maps to what is beneath it, `*` stands for every other key, a tuple names the keys that
    identify an item of that list. Source: `x-merge-key` in the schema.
    """
    if schema is None:
        keys: dict[str, Any] = artefacts(name).MERGE_KEYS
        return keys
    from kusion_render.schema.positions import merge_positions

    found = merge_positions(schema)
    return found if isinstance(found, dict) else {}


def artefacts(name: str) -> Any:  # Any: a module, imported by name so that only the schemas in use are loaded
    """Return the generated module of a schema: `validate`, `TEXT`, `MERGE_KEYS`."""
    return __import__(
        "kusion_render.schema.generated." + name.replace("/", "_").replace("-", "_"), fromlist=("validate",)
    )
