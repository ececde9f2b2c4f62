"""Scenes drawn at random: layouts of walls, boxes that block them, robot and goal."""
