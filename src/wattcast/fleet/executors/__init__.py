"""Where the work on stations is done: in this process, in others of this machine, on a Ray cluster."""
