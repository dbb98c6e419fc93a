"""What other teams read of us stays true."""
