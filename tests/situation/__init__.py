"""The stream processor, on real servers."""
