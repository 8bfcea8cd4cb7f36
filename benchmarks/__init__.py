"""What the hub costs, as ratios: every pair of figures comes from one run, both sides in turn."""
