"""The `namo` command: one file a subcommand."""
