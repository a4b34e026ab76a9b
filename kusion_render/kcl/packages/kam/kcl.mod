[package]
name = "kam"
