"""What `make bench` runs: the speed that was promised, measured on the real thing; see README.md."""
