"""What is Sikka's alone: request keys, codes, words, offices, and the desk that writes."""
