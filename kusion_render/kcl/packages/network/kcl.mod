[package]
name = "network"
