"""The chat socket: frames in and out, who may open one, which are open."""
