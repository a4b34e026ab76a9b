"""The one door to git. Reading runs nothing that a repository brings along; writing is for `commit` alone."""

from __future__ import annotations

from kusion_render.gitio.reading import Git, open_repository
from kusion_render.gitio.tree import Tree

__all__ = ["Git", "Tree", "open_repository"]
