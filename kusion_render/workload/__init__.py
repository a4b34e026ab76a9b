"""Pods and containers, from AppConfiguration to Kubernetes; shared by the modules that make workloads."""
