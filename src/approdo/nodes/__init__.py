"""What a user sets up once: nodes with their secrets, time ranges, named configurations."""
