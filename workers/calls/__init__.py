"""What the tools of callers share: reading arguments, knowing the patient, finding times."""
