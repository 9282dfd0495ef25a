"""What people do to rows of the sheet: add, edit, choose a side, undo."""
