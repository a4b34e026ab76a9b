"""The comparison for programs. New keys may come; the ones here keep their meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kusion_render.report.as_json import dump

if TYPE_CHECKING:
    from kusion_render.diagnostics import Json
    from kusion_render.diff.model import Comparison, ObjectChange, ObjectName


def write_json(comparison: Comparison) -> str:
    """Write every change of every render with all its fields; nothing is grouped or cut."""
    return dump(
        {
            "version": 1,
            "summary": {
                "renders": {**comparison.count_renders()},
                "objects": {**comparison.count_objects()},
                "consequences": {**comparison.count_effects()},
            },
            "renders": {**comparison.renders},
            "changes": [_describe(change) for change in comparison.changes],
        }
    )


def _describe(change: ObjectChange) -> Json:
    return {
        "render": change.render,
        "action": change.action,
        "before": _name(change.before),
        "after": _name(change.after),
        "consequences": [
            {"id": each.effect.id, "severity": each.effect.severity, "text": each.text} for each in change.consequences
        ],
        "fields": [
            {"path": field.path, "action": field.action, "old": field.old, "new": field.new} for field in change.fields
        ],
    }


def _name(name: ObjectName | None) -> Json:
    if name is None:
        return None
    return {"apiVersion": name.api_version, "kind": name.kind, "namespace": name.namespace or None, "name": name.name}
