"""The command line `roeland`: a file for each group of commands; nothing heavy is imported before it is needed."""
