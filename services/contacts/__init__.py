"""The people who are told: lists that are imported, looked after and handed back."""
