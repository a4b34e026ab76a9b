[package]
name = "postgres"
