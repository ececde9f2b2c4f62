"""The `namo` command: one file per subcommand."""
