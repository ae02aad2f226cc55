"""Yida (驿答), a courier company's self-service assistant. Start reading at `bot/commands`."""
