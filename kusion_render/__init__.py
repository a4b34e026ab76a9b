"""Compile Kusion AppConfigurations in a Git repository into plain Kubernetes YAML."""

__version__ = "0.1.0"
