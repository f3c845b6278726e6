"""A session that is open in this process: its state, its feed of frames, how it is opened and erased."""
