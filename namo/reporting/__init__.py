"""Pictures and pages of what was collected."""
