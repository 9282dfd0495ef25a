"""What is true whatever the PMS, database or queue; standard library only."""
