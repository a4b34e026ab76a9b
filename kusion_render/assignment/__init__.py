"""Values assigned to places of apps, in the files that they come from: the smallest edits, and what they change.

Nothing is written here. A plan holds the new contents; the repository is read anew with them in place, so that all that a
render says about an edit is known before it is made.
"""

from __future__ import annotations

from kusion_render.assignment.effect import Effect, effect_of
from kusion_render.assignment.plan import Assignment, Plan, plan

__all__ = ["Assignment", "Effect", "Plan", "effect_of", "plan"]
