"""What an export says and cannot say: coverage, cautions, counts held against our own, answers to confirm."""
