"""The ledger of jobs: put, claimed, announced, steered by an operator, and who carries them."""
