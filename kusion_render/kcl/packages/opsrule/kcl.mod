[package]
name = "opsrule"
