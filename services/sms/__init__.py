"""SMS: what the worker claims goes to Twilio, each once; what may have been sent is looked up first."""
