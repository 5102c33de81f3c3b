"""An example of a package that adds a format, a check and a converter to dataforge."""
