"""The simulation: whole installations in one process, on a clock of their own, under faults that a seed draws."""
