"""What is being written: a draft is a message file as plain values, and what the form is made of and makes of it."""
