[package]
name = "job"
