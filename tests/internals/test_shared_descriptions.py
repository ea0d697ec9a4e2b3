"""Descriptions that docstrings share: each stands where its name is asked for, and nothing else is touched."""

import inspect

import pytest

from skgan_resample._docstrings import shared_descriptions
from skgan_resample.over_sampling import SMOGN, RandomOverSampler

described = shared_descriptions("""
    size : {"small", "large"}, default="small"
        How large.

        - "small": not at all;
        - "large": very.
    seed, other_seed : int
        Whatever.
    """)


def test_entries_stand_where_their_names_were():
    @described
    def made(size, shape, seed):
        """Make something.

        Parameters
        ----------
        {size}
        shape : {"round", "flat"}
            As in ``{size}``.
        {seed, size}
        """

    lines = inspect.getdoc(made).splitlines()
    of_size = ['size : {"small", "large"}, default="small"', "    How large.", ""]
    of_size += ['    - "small": not at all;', '    - "large": very.']
    of_seed = ["seed, other_seed : int", "    Whatever."]
    of_shape = ['shape : {"round", "flat"}', "    As in ``{size}``."]
    assert lines[4:] == [*of_size, *of_shape, *of_seed, *of_size]


def test_class_methods_of_a_class_are_described_with_it():
    @described
    class Made:
        """Made.

        {size}
        """

        sizes = ("small", "large")

        @classmethod
        def from_seed(cls, seed):
            """Make one.

            {seed}
            """

    assert "How large." in inspect.getdoc(Made)
    assert inspect.getdoc(Made.from_seed).splitlines()[2:] == ["seed, other_seed : int", "    Whatever."]


def test_a_name_without_an_entry_is_an_error():
    with pytest.raises(KeyError, match="shape"):

        @described
        def made(shape):
            """Make something.

            {shape}
            """


def test_no_docstring_stays_none_at_all():
    @described
    def made():
        pass

    assert not made.__doc__


def test_samplers_describe_their_parameters_in_full():
    for sampler in (SMOGN, RandomOverSampler):
        assert "raised to B rows" in sampler.__doc__
        assert "{sampling_strategy" not in sampler.__doc__
