"""Mail: what the worker claims goes to the relay, one mail per delivery."""
