"""Who someone is: verification of the person behind a conversation."""
