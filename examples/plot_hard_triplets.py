"""
What do hard triplets do for neighbours?
========================================

Nearest neighbours are only as good as their distance. `HardTripletEmbedder` learns one from triplets: an anchor, a row
of its class, and a row of another class that should be farther away. Besides real rows it trains on rows that are made
hard on purpose, by a small GAN or on stretched lines between rows. Here it learns digits, with twelve rows per class.
"""

# %%
# Three embeddings: the scaled pixels, one learned from real triplets alone (``generator=None``), and one learned from
# synthetic ones, too. ``select="learned"`` leaves out the check on held-out rows, to show what is learned.
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

from skgan_resample import HardTripletEmbedder, TripletNetworkOptions
from skgan_resample.plots import TripletDisplay

X, y = load_digits(return_X_y=True)
spaces = {
    "raw": HardTripletEmbedder(select="raw"),
    "real triplets": HardTripletEmbedder(select="learned", generator=None, max_steps=120),
    "hard triplets": HardTripletEmbedder(select="learned", max_steps=120),
}
neighbors = {"1-NN": 1, "5-NN": 5}
accuracy = {(space, name): [] for space in spaces for name in neighbors}
for seed in range(4):
    X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=120, stratify=y, random_state=seed)
    for space, embedder in spaces.items():
        near = embedder.set_params(random_state=seed).fit_transform(X_train, y_train)
        far = embedder.transform(X_test)
        for name, k in neighbors.items():
            accuracy[space, name].append(KNeighborsClassifier(k).fit(near, y_train).score(far, y_test))

# %%
# Accuracy on the other rows: mean and standard deviation over the splits. Below, what is gained on the same split, with
# the standard error of the mean (a little small, since the splits share rows): a gain of less than two of them may be
# chance.
for (space, name), values in accuracy.items():
    print(f"{space:14s} {name}  {np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}")
for better, worse in (("real triplets", "raw"), ("hard triplets", "raw"), ("hard triplets", "real triplets")):
    for name in neighbors:
        gains = np.subtract(accuracy[better, name], accuracy[worse, name])
        error = gains.std(ddof=1) / np.sqrt(len(gains))
        wins = f"better in {np.sum(gains > 0)} of {len(gains)}"
        print(f"{better} over {worse}, {name}: {gains.mean():+.3f} ± {error:.3f}, {wins}")

# %%
# Test rows of the last split in the learned embedding. Colour and marker are the class; a black line leads from the
# anchor of a triplet to its positive, a dotted one to its negative. The right side shows how many
# random triplets are still hard there: the row of another class is nearer than that of their own class.
display = TripletDisplay.from_embedding(
    spaces["hard triplets"].transform(X_test),
    y_test,
    margin=TripletNetworkOptions().margin,
    title="digits not seen in training",
    random_state=0,
)
display.figure_

# %%
# Learning from triplets helps here. The rows made hard add little to it, if anything, and mining alone
# (``generator=None``) is quicker. On other data learning can do harm. The default ``select="auto"`` therefore checks it
# on held-out rows, at the cost of three more trainings, and returns the raw features where these are clearly better.
