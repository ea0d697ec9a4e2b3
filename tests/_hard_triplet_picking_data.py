"""What the tests of hard triplet picking in both rooms share."""


def assert_valid(found, y, groups=None):
    anchor, positive, negative = found.T
    assert (y[anchor] == y[positive]).all()
    assert (anchor != positive).all()
    assert (y[anchor] != y[negative]).all()
    if groups is not None:
        assert (groups[found] == groups[anchor][:, None]).all()
