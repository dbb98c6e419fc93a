"""What mail, sms and newsfeed share: taking batches in, claiming, settling, beating, taking over, halting.

A room brings a `Carrier`: how one claim is carried out on its channel. Everything that keeps the promise (nothing
lost, nothing sent twice but for a counted doubt) is here, once.
"""
