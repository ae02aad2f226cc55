"""The agents' web pages and their JSON."""
