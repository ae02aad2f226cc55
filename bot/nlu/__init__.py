"""How a customer's words are read: language, facts, intent; as Rasa components, with their training."""
