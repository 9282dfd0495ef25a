"""What is due, who puts it, and who tells the workers."""
