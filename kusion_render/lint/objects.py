"""Objects that don't belong in what a Git repository applies, or need somebody's consent."""

from __future__ import annotations

from kusion_render.diagnostics import Rule
from kusion_render.kubernetes.scopes import is_cluster_scoped
from kusion_render.lint.rule import Finding, LintRule
from kusion_render.lint.view import table, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

    from kusion_render.lint.view import View

# Argo CD creates a hook, and deletes it; so it may have a new name each time.
_HOOK: Final = "argocd.argoproj.io/hook"


def generated_name(view: View) -> Iterator[Finding]:
    """Find `generateName`: each sync makes another object, and nothing ever finds the last one."""
    for name, manifest in view.objects:
        metadata = table(manifest, "metadata")
        if metadata.get("generateName") and not metadata.get("name") and _HOOK not in table(metadata, "annotations"):
            yield Finding(
                name,
                ("metadata", "generateName"),
                f"this {words(manifest.get('kind'))} has a generated name, so every sync makes another one",
                "give it a `name`",
            )


def cluster_scoped_object(view: View) -> Iterator[Finding]:
    """Find objects that belong to no namespace, and so to every team: all but Namespaces themselves."""
    for name, manifest in view.objects:
        kind = words(manifest.get("kind"))
        if kind != "Namespace" and is_cluster_scoped(words(manifest.get("apiVersion")), kind):
            yield Finding(
                name,
                ("kind",),
                f"{kind} `{words(table(manifest, 'metadata').get('name'))}` belongs to the whole cluster",
                "let those who run the cluster keep it, or use a kind that lives in a namespace",
            )


RULES: Final = (
    LintRule(Rule("KR621", "generated-name", "warning"), "warn", generated_name),
    LintRule(Rule("KR622", "cluster-scoped-object", "warning"), "off", cluster_scoped_object),
)
