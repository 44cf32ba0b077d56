"""The parts that pages to look at share: their looks, and small pictures in them."""
