"""Text messages: sent through Twilio, and what it says of them proved."""
