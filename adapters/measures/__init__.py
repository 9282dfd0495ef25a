"""What monitoring counts: few statements by index, and never a person."""
