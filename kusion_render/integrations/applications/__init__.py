"""Argo CD Applications and ApplicationSets of renders: what each deploys, from where, and which files it depends on.

Pure: renders and options in, manifests out. Sources of the rules are Argo CD's user manual on Applications, sync options,
the annotation `manifest-generate-paths`, ApplicationSets with Go templates, and the Source Hydrator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kusion_render.diagnostics import Related, Rule, Span
from kusion_render.integrations.applications.git import git_set
from kusion_render.integrations.applications.manifest import application, application_set
from kusion_render.integrations.applications.stacks import list_set, pull_request_set
from kusion_render.kubernetes.limits import CLIENT_SIDE_APPLY_BYTES, object_size

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kusion_render.diagnostics import Diagnostics, Json
    from kusion_render.integrations.applications.git import Layout
    from kusion_render.integrations.applications.options import Options
    from kusion_render.integrations.applications.render import Render

SAME_NAME: Final = Rule("KR520", "application-name")
SAME_PLACE: Final = Rule("KR521", "hydrated-path")
BAD_PATH: Final = Rule("KR523", "application-path")
LARGE_SET: Final = Rule("KR524", "large-application-set", "warning")
AMBIGUOUS_STACK: Final = Rule("KR525", "ambiguous-stack")


def manifests(
    renders: Sequence[Render], options: Options, layout: Layout, diagnostics: Diagnostics
) -> list[dict[str, Json]]:
    """Return the manifests that deploy `renders`, sorted by name, keys not yet in order; problems are KR520 to KR525.

    `layout` says which folders and stacks there are beside the chosen ones.

    Raises:
        UsageError: when a pattern of `--match` misses stacks, or none.
    """
    _refuse(renders, options, diagnostics)
    if diagnostics.failed:
        return []
    if options.generator == "none":
        return [application(render.values, options) for render in sorted(renders, key=_name)]
    if options.generator == "pull-request":
        sets = [pull_request_set(renders, options)]
    else:
        plain = [render for render in renders if render.is_plain]
        others = [render for render in renders if not render.is_plain]
        sets = [git_set(plain, options, layout)] if plain else []
        sets += [list_set(others, options)] if others else []
    made = [application_set(*each, options) for each in sets]
    for each in made:
        _warn_of_size(each, diagnostics)
    return made


def _name(render: Render) -> str:
    return render.values["name"]


def _refuse(renders: Sequence[Render], options: Options, diagnostics: Diagnostics) -> None:
    _refuse_same(
        renders,
        lambda render: render.values["name"],
        SAME_NAME,
        "the Application of `{0}` would be called `{2}`, as that of `{1}`",
        "say another --name, with `{project}`, `{stack}`, `{workspace}` or `{path}` in it",
        diagnostics,
    )
    if options.hydrate_branch:
        _refuse_same(
            renders,
            lambda render: f"{render.values['hydratedPath']}` on branch `{render.values['branch']}",
            SAME_PLACE,
            "`{0}` would be hydrated to `{2}`, as `{1}`",
            "say another --hydrate-branch, or rename one of the folders",
            diagnostics,
        )
    for render in renders:
        if not render.path.isprintable():
            diagnostics.report(
                BAD_PATH,
                f"the folder of `{render.key}` has characters that an Application's path can't hold",
                Span(render.file),
                help="rename the folder",
            )
        if render.rivals:
            diagnostics.report(
                AMBIGUOUS_STACK,
                f"the plug-in can't tell `{render.key}` from `{render.rivals[0]}`, which lies below it",
                Span(render.file),
                help="move one of the two folders, or rename one of the stacks",
            )


def _refuse_same(
    renders: Sequence[Render],
    value: Callable[[Render], str],
    rule: Rule,
    message: str,
    step: str,
    diagnostics: Diagnostics,
) -> None:
    first: dict[str, Render] = {}
    for render in renders:
        other = first.setdefault(value(render), render)
        if other is not render:
            diagnostics.report(
                rule,
                message.format(render.key, other.key, value(render)),
                Span(render.file),
                help=step,
                related=[Related("the other one", Span(other.file))],
            )


def _warn_of_size(manifest: dict[str, Json], diagnostics: Diagnostics) -> None:
    size = object_size(manifest)
    if size > CLIENT_SIDE_APPLY_BYTES:
        name = manifest["metadata"]["name"] if isinstance(manifest["metadata"], dict) else ""
        diagnostics.report(
            LARGE_SET,
            f"ApplicationSet `{name}` has about {size // 1024} KiB, more than client-side apply can take",
            help="apply it with `kubectl apply --server-side`, or choose fewer stacks for each set",
        )
