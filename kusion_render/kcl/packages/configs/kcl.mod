[package]
name = "configs"
