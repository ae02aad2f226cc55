"""What customers said and the bot did not catch: collected masked, labelled by people, learnt at the next training."""
