"""The commands of `python -m bot`, by what they are for. Each wires the rooms together; the work is done in them."""
