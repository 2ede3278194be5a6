"""The command `approdo`: one file per command, each importing Django only when it is run."""
