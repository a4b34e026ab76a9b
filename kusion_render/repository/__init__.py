"""The repository: its root, projects, stacks, workspaces, and the only door to their files."""

from __future__ import annotations

from kusion_render.repository.discovery import Repository
from kusion_render.repository.files import Files
from kusion_render.repository.root import find_root
from kusion_render.repository.selection import Target, select, shard

__all__ = ["Files", "Repository", "Target", "find_root", "select", "shard"]
