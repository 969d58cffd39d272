"""Files that pass between a reserve and its bank: statements in, payment orders out."""
