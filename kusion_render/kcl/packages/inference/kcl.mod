[package]
name = "inference"
