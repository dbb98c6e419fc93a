"""Editorial: proofs what is submitted, waits for a second person's approval, releases it. Who may say what is here."""
