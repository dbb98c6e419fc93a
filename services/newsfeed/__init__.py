"""The newsfeed: a delivery is accepted once its entry is committed. `public` shows what is there."""
