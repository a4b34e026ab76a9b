[package]
name = "disruptionbudget"
