"""The scene format: MuJoCo XML by a naming convention, compiled, checked and extracted."""
