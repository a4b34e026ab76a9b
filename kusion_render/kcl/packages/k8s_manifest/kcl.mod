[package]
name = "k8s_manifest"
