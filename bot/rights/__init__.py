"""What a person may ask of us about their data: see, correct, export, erase; and how long we keep it at all."""
