[package]
name = "opensearch"
