"""Sets over a list of chosen stacks, each element with its own values: nothing is guessed, and nothing is a template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kusion_render.kubernetes.limits import LABEL_LENGTH, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kusion_render.diagnostics import Json
    from kusion_render.integrations.applications.options import Options
    from kusion_render.integrations.applications.render import Render

    # The name of a set, its generators, and what its template says.
    Set = tuple[str, list[Json], dict[str, str]]

# Five minutes: the controller's own half an hour is long for somebody who waits for a preview.
POLL_SECONDS: Final = 300
PREVIEW: Final = "pr-{{.number}}"
# Room for `-pr-` and a number of six digits.
_PREVIEW_LENGTH: Final = LABEL_LENGTH - 10


def list_set(renders: Sequence[Render], options: Options) -> Set:
    """Return the set of stacks that a generator of folders can't choose: several workspaces, odd paths, stacks in stacks."""
    generator, say = _listed(renders)
    name = f"{options.set_name}-listed"
    if options.generator != "clusters":
        return name, [generator], say
    return name, [matrix(generator, clusters(options))], with_cluster(say)


def pull_request_set(renders: Sequence[Render], options: Options) -> Set:
    """Return the set that deploys each chosen stack once more for each open pull request that has the labels."""
    generator, say = _listed(renders, _PREVIEW_LENGTH)
    say = {
        **say,
        "name": f"{say['name']}-{PREVIEW}",
        "namespace": f"{say['namespace']}-{PREVIEW}",
        "revision": "{{.head_sha}}",
        "preview": PREVIEW,
    }
    owner, repository = options.github
    github: dict[str, Json] = {"owner": owner, "repo": repository, "labels": [*options.labels]}
    if options.token_secret:
        github["tokenRef"] = {"secretName": options.token_secret[0], "key": options.token_secret[1]}
    pulls: Json = {"pullRequest": {"github": github, "requeueAfterSeconds": POLL_SECONDS}}
    return options.set_name, [matrix(generator, pulls)], say


def _listed(renders: Sequence[Render], longest: int = LABEL_LENGTH) -> tuple[Json, dict[str, str]]:
    # Optional values must be there in all elements: a template that asks for a missing key fails.
    names = sorted({name for render in renders for name in render.values})
    elements: list[Json] = []
    for render in sorted(renders, key=lambda each: each.values["name"]):
        element: dict[str, Json] = {name: render.values.get(name, "") for name in names}
        for name in ("name", "namespace"):
            element[name] = shorten(render.values[name], longest)
        # `name` is a parameter of the clusters generator too.
        elements.append({"application" if name == "name" else name: value for name, value in element.items()})
    return {"list": {"elements": elements}}, {
        name: "{{.application}}" if name == "name" else f"{{{{.{name}}}}}" for name in names
    }


def matrix(first: Json, second: Json) -> Json:
    """Return a generator of all pairs. The second's texts are templates over the first's parameters, the first's are not."""
    return {"matrix": {"generators": [first, second]}}


def clusters(options: Options) -> Json:
    """Return the generator of the clusters that have the labels; without any, of all clusters."""
    selector: dict[str, Json] = {"matchLabels": dict(options.cluster_selector)} if options.cluster_selector else {}
    return {"clusters": {"selector": selector} if selector else {}}


def with_cluster(say: dict[str, str]) -> dict[str, str]:
    """Return what a template says, with the cluster in the Application's name."""
    return {**say, "name": say["name"] + "-{{.nameNormalized}}"}
