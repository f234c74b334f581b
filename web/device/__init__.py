"""What a person has on this device: keys by name, what was learned with them, and messages if that is wanted."""
