"""The newsfeed, on real servers."""
