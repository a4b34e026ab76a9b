[package]
name = "secrets"
