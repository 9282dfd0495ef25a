"""The `pms-sync` command."""
