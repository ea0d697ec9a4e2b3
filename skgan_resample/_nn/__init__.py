"""Networks and their training in torch alone: nothing here knows scikit-learn."""
