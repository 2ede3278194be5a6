"""Sale documents: what they are, their versions, how they are received and found."""
