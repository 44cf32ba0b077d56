"""What pages to look at share: how they look, and small pictures in them."""
