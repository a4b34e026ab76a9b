[package]
name = "orders-prod"
version = "0.1.0"

[dependencies]
kam = { git = "https://github.com/KusionStack/kam.git", tag = "0.2.2" }
service = { oci = "oci://ghcr.io/kusionstack/service", tag = "0.2.1" }
job = { oci = "oci://ghcr.io/kusionstack/job", tag = "0.2.1" }
network = { oci = "oci://ghcr.io/kusionstack/network", tag = "0.3.0" }

[profile]
entries = ["../base/base.k", "main.k"]
