"""The customers' web chat."""
