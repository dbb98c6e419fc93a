"""The API for programs, at `/api/v1`."""
