"""One file a channel: verify the sender, store the message, acknowledge."""
