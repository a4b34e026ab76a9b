"""What modules of cloud resources have in common: providers, regions, names, and a word where nobody can make them."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.kubernetes.limits import LABEL_LENGTH, shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.generator import GeneratorRequest

NO_PLATFORM: Final = Rule("KR309", "no-platform-config")
NOT_RENDERED: Final = Rule("KR353", "cloud-not-rendered", "warning")

# The variable of its process's environment that Kusion reads a cloud's region from.
_REGIONS: Final = {"aws": "AWS_REGION", "alicloud": "ALICLOUD_REGION"}


def region(request: GeneratorRequest, cloud: str, place: Place, diagnostics: Diagnostics) -> str:
    """Return the region of a cloud's resources: the module's `region`, else the variable's in the workspace's context.

    Kusion takes that of its databases from its environment, so that they depend on the machine (its quirk Q19). None
    is KR309.
    """
    variable = _REGIONS[cloud]
    found = request.config.get("region") or (request.context.workspace.get("context") or {}).get(variable)
    if isinstance(found, str) and found:
        return found
    diagnostics.report(
        NO_PLATFORM,
        f"what {cloud} is to make needs the platform's `region`",
        place,
        help=f"set `modules.{request.module}.configs.default.region` in the workspace, or `{variable}` in its `context`",
    )
    return ""


def account_name(request: GeneratorRequest, name: str) -> str:
    """Return the name of a cloud resource, from one that is the only one in its namespace.

    An account has no namespaces: natively project and stack are part of the name, as they are in Kusion's names
    anyway, and a preview's is part of all.
    """
    context = request.context
    if not request.kusion:
        name = shorten(f"{context.project}-{context.stack}-{name}", LABEL_LENGTH)
    return preview_name(request, name)


def preview_name(request: GeneratorRequest, name: str, budget: int = LABEL_LENGTH) -> str:
    """Return a name of at most `budget` characters that a preview does not share with what it previews."""
    preview = request.context.preview
    return shorten(f"{name}-{preview}", budget) if preview else name


def report_not_rendered(what: str, place: Place, diagnostics: Diagnostics, otherwise: str = "") -> None:
    """Report that a target leaves out what an engine must make: KR353. `otherwise` says how to do without one."""
    diagnostics.report(
        NOT_RENDERED,
        f"{what} not rendered: this takes an engine that makes cloud resources",
        place,
        help=f"render to an engine's form with `--target spec`{otherwise}",
    )
