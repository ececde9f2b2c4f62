"""Models that choose pushes: what they see, how they are made, and what is learned from."""
