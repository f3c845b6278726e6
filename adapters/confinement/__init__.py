"""The walls round a process that reads hostile files, each of which holds when another is missing."""
