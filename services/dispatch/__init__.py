"""Dispatch: announces what was released, again where nobody claims it, and clears up what was halted."""
