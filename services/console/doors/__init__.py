"""How people come in: local accounts, an OpenID provider, the first administrator."""
