"""The pure rules, by their invariants."""
