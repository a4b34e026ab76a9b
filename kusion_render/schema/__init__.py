"""Whether data fits its schema, and what the schema knows about reading and merging it.

Generated validators answer the common case; only when one objects is jsonschema imported to say why.
Schemas have names: `project`, `stack`, `workspace`, `kusion-render`, `app-configuration` (one app) and
`modules/<name>`. A module from outside passes its schema, which refers to nothing outside itself, as `schema`.
"""

from __future__ import annotations

from kusion_render.schema.patterns import Invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kusion_render.diagnostics import Diagnostics, Json, Pointer
    from kusion_render.schema.truth import Schema


def check(
    data: Json,
    name: str,
    diagnostics: Diagnostics,
    *,
    pointer: Pointer = (),
    document: str = "apps",
    schema: Schema | None = None,
) -> bool:
    """Report everything in which the data does not fit the schema, as KR201 to KR207; return whether it fits.

    `pointer` is where the data stands in `document`; problems are placed there.
    """
    if schema is None and fits(data, name):
        return True
    from kusion_render.schema.faults import explain

    return explain(data, name, diagnostics, pointer=pointer, document=document, schema=schema)


def fits(data: Json, name: str, schema: Schema | None = None) -> bool:
    """Tell whether data fits a schema, without saying why not; a third party's `schema` is taken to fit."""
    if schema is not None:
        return True
    try:
        artefacts(name).validate(data)
    except Invalid:
        return False
    return True


def typed(
    data: Json,
    name: str,
    diagnostics: Diagnostics,
    *,
    pointer: Pointer = (),
    document: str = "apps",
    schema: Schema | None = None,
) -> Json:
    """Return the data with every `Plain` scalar resolved: its source text where text is wanted, else its value.

    Parts without such scalars are shared, not copied. Only useful where the parser met any (`Parsed.has_plain`).
    Reports KR103 where the value is needed and the YAML versions disagree about it.
    """
    from kusion_render.schema.scalars import resolve

    if schema is None:
        positions = artefacts(name).TEXT
    else:
        from kusion_render.schema.positions import text_positions

        positions = text_positions(schema)
    return resolve(data, positions, pointer, document, diagnostics)


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
