[package]
name = "monitoring"
