"""An example of a package that adds a format and a converter to dataforge."""
