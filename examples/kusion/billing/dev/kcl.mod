[package]
name = "billing-dev"
version = "0.1.0"

[dependencies]
kam = { git = "https://github.com/KusionStack/kam.git", tag = "0.2.2" }
service = { oci = "oci://ghcr.io/kusionstack/service", tag = "0.2.1" }
monitoring = { oci = "oci://ghcr.io/kusionstack/monitoring", tag = "0.2.0" }
mysql = { oci = "oci://ghcr.io/kusionstack/mysql", tag = "0.2.0" }
opsrule = { oci = "oci://ghcr.io/kusionstack/opsrule", tag = "0.2.0" }

[profile]
entries = ["../base/base.k", "main.k"]
