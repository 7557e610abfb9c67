"""What every store promises, run on each of them."""
