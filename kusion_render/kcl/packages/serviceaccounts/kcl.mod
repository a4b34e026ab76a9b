[package]
name = "serviceaccounts"
