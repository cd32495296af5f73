"""The loop, schedules, budgets, checkpoints, tracking."""
