[package]
name = "mysql"
