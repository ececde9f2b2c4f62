"""A scene in MuJoCo: its state, what the robot can reach, and the push skill."""
