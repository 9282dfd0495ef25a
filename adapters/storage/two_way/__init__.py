"""What goes from the sheet to a PMS that takes changes: owed, sent, followed."""
