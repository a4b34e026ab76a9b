[package]
name = "service"
