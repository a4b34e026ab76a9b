"""A workload that ends: Job, or CronJob when it has a schedule."""

from __future__ import annotations

from kusion_render.modules import GeneratorResponse
from kusion_render.text import texts
from kusion_render.workload.pod import pod
from kusion_render.workload.secret import workload_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.modules import GeneratorRequest

VERSION: Final = "1.0.0"

_OF_CRONJOB: Final = (
    "timeZone",
    "concurrencyPolicy",
    "suspend",
    "startingDeadlineSeconds",
    "successfulJobsHistoryLimit",
    "failedJobsHistoryLimit",
)
_OF_JOB: Final = (
    "backoffLimit",
    "activeDeadlineSeconds",
    "ttlSecondsAfterFinished",
    "completions",
    "parallelism",
)
FIELDS: Final = {
    "Job": ("suspend", "restartPolicy", *_OF_JOB),
    "CronJob": ("schedule", "restartPolicy", *_OF_CRONJOB, *_OF_JOB),
}
"""What of a config, beside the pods, each kind has; of other workloads' pods the restart policy is always the same."""


def generate(request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
    """Make the Job or CronJob, and the ConfigMaps, claims and service account that it brings along."""
    config = request.config
    if not config.get("schedule"):
        request.refuse((key for key in _OF_CRONJOB if key != "suspend"), "Job", diagnostics)
    else:
        request.refuse(("phase",), "CronJob", diagnostics)
    made = pod(request, diagnostics, restart_policy="Never")
    job: dict[str, Any] = {key: config[key] for key in _OF_JOB if config.get(key) is not None}
    job["template"] = made.template
    labels = texts(config.get("labels"))
    kind, spec = "Job", job
    if config.get("schedule"):
        kind = "CronJob"
        spec = {"schedule": config["schedule"]}
        spec.update({key: config[key] for key in _OF_CRONJOB if config.get(key) is not None})
        # What runs are called by; Kusion leaves it out.
        metadata = (
            {} if request.kusion else {"metadata": {"labels": {**request.app_labels, **request.labels, **labels}}}
        )
        spec["jobTemplate"] = {**metadata, "spec": job}
    elif config.get("suspend") is not None:
        spec = {"suspend": config["suspend"], **job}
    workload = request.resource(
        "batch/v1",
        kind,
        request.name,
        {"spec": spec},
        labels=labels,
        annotations=texts(config.get("annotations")),
        workload=True,
    )
    return GeneratorResponse([*workload_secrets(request, diagnostics), *made.objects, workload], existing=made.existing)
