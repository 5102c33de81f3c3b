"""Acme's own tests run where its package is installed: `test_plugin` does that."""

collect_ignore = ["acme"]
