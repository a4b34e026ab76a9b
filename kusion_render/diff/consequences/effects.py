"""The table of all effects, the worst first; the order decides what a report shows first."""

from __future__ import annotations

from typing import Final

from kusion_render.diff.model import Effect

LOSES_DATA: Final = Effect(
    "loses-data", "LOSES DATA", "danger", "the volume goes with its claim, unless its reclaim policy keeps it"
)
DELETES_NAMESPACE: Final = Effect(
    "deletes-namespace", "DELETES NAMESPACE", "danger", "everything in the namespace goes with it"
)
DELETES_CUSTOM_RESOURCES: Final = Effect(
    "deletes-custom-resources", "DELETES CUSTOM RESOURCES", "danger", "all objects of this kind go with the definition"
)
DETACHES_DATA: Final = Effect(
    "detaches-data", "DETACHES DATA", "danger", "volumes stay in the cluster, but nothing uses them any more"
)
RECREATES: Final = Effect(
    "recreates", "RECREATES", "danger", "the object is deleted and made anew, or the apply fails until somebody does so"
)
SELECTS_NOTHING: Final = Effect(
    "selects-nothing", "SELECTS NO PODS", "danger", "a selector that found pods of this render finds none any more"
)
SHRINKS_VOLUME: Final = Effect("shrinks-volume", "SHRINKS VOLUME", "danger", "volumes can't shrink: the apply fails")
SCALES_TO_ZERO: Final = Effect("scales-to-zero", "SCALES TO ZERO", "danger", "all pods stop")
INVERTED_RANGE: Final = Effect(
    "inverted-range", "INVERTED RANGE", "danger", "the least number of replicas exceeds the greatest: the apply fails"
)
EXPOSES: Final = Effect("exposes", "exposes", "warning", "more can be reached, or from more places")
WIDENS_ACCESS: Final = Effect("widens-access", "widens access", "warning", "somebody may do more in the cluster")
LOOSENS_SECURITY: Final = Effect("loosens-security", "loosens security", "warning", "pods may do more on their node")
DROPS_REPLICAS: Final = Effect(
    "drops-replicas", "may drop to 1", "warning", "without `replicas` a live object can fall to one pod"
)
FIGHTS_AUTOSCALER: Final = Effect(
    "fights-autoscaler", "fights autoscaler", "warning", "each apply sets `replicas` back, against the autoscaler"
)
BLOCKS_EVICTION: Final = Effect(
    "blocks-eviction", "blocks evictions", "warning", "no pod may be evicted, so nodes can't be drained"
)
STOPS_PODS: Final = Effect("stops-pods", "stops pods", "warning", "its pods go with the object")
NEEDS_RESTART: Final = Effect(
    "needs-restart", "needs a restart", "warning", "pods that run keep the old value until they are restarted"
)
RESTARTS_PODS: Final = Effect("restarts-pods", "restarts pods", "note", "the pod template changes")
RUNS_AGAIN: Final = Effect("runs-again", "runs again", "note", "the delivery tool deletes the Job and runs it anew")
STAYS: Final = Effect("stays", "stays in the cluster", "note", "an annotation keeps the object from being pruned")

EFFECTS: Final = (
    LOSES_DATA,
    DELETES_NAMESPACE,
    DELETES_CUSTOM_RESOURCES,
    DETACHES_DATA,
    RECREATES,
    SELECTS_NOTHING,
    SHRINKS_VOLUME,
    SCALES_TO_ZERO,
    INVERTED_RANGE,
    EXPOSES,
    WIDENS_ACCESS,
    LOOSENS_SECURITY,
    DROPS_REPLICAS,
    FIGHTS_AUTOSCALER,
    BLOCKS_EVICTION,
    STOPS_PODS,
    NEEDS_RESTART,
    RESTARTS_PODS,
    RUNS_AGAIN,
    STAYS,
)
RANKS: Final = {effect.id: rank for rank, effect in enumerate(EFFECTS)}
