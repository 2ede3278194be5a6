"""What machines ask of a web process: whether it lives, whether it can serve, how the installation does."""
