"""What was done in a depot beside what the plan would have done, and the difference taken apart."""
