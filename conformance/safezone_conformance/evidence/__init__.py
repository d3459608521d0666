"""What a run leaves for others: verdicts, JUnit, report, a signed manifest; and how others check it."""
