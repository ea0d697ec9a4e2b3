"""Tables in, tables out: containers, columns, targets, and one schema for all estimators."""
