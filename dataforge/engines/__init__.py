"""Where the work on single files runs; what comes of it is the same everywhere."""
