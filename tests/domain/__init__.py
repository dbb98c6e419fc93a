"""Pure rules: no server, no file, no clock."""
