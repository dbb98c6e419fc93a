"""What a crisis message is: models and pure rules. Nothing here reads a file, a clock, a socket or a setting."""
