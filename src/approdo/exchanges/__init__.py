"""What was read from and said to the other side: windows of time, pages, batches."""
