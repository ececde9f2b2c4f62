"""Planners: searches for a sequence of pushes that lets the robot reach its goal."""
