[package]
name = "autoscaling"
