"""What we say first: parcels that customers asked to be told of, and what became of their requests."""
