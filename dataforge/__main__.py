"""``python -m dataforge``."""

from dataforge.cli import main

if __name__ == "__main__":
    main()
