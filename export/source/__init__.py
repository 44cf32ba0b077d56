"""What the user gives: a model found, brought here and looked through, with the labels that lie with it."""
