"""Measurements of the running product. Each is a script: `python -m benchmarks.kill --help`."""
