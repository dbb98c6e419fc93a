"""The clock of the newsletters: what each date decides, and what an edition is made from."""
