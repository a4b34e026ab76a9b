"""What every Kubernetes cluster knows: scopes, orders, limits, quantities, merge keys and references.

Data and pure functions, each file usable by itself. Nothing here reads a file or asks a cluster.
"""
