"""
Progress bars in a grid search
==============================

scikit-learn 1.9 has callbacks, and the estimators here report to them: each evaluation of a network is one step of a
bar. Set on the search, `ProgressBar` follows it down through scikit-learn's own Pipeline, also into other processes.
"""

# %%
# A transformer learns an embedding for nearest neighbours, with two margins on three folds. ``max_propagation_depth``
# is how deep the bars go: 0 is the search alone, 1 also each fit of the pipeline, 2 also the training inside it.
import warnings

from sklearn.datasets import load_wine
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

from skgan_resample import HardTripletEmbedder
from skgan_resample.plots import TrainingDisplay

X, y = load_wine(return_X_y=True, as_frame=True)
pipeline = Pipeline(
    [
        ("embed", HardTripletEmbedder(generator=None, select="learned", max_steps=300, random_state=0)),
        ("neighbors", KNeighborsClassifier()),
    ]
)
search = GridSearchCV(pipeline, {"embed__network__margin": [0.1, 0.5]}, cv=3)
try:
    from sklearn.callback import ProgressBar
except ImportError:
    print("This scikit-learn has no callbacks; version 1.9 does. The search runs without.")
else:
    search.set_callbacks(ProgressBar(max_propagation_depth=2))

# %%
# Nearest neighbours report nothing, and scikit-learn warns that its callbacks end there.
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message=".*does not support callbacks")
    search.fit(X, y)
print(search.best_params_, f"accuracy {search.best_score_:.3f}")

# %%
# The bars disappear when the search ends. ``history_`` stays: one record per evaluation, here the losses.
embedder = search.best_estimator_["embed"]
print({name: round(value, 3) for name, value in embedder.history_[-1].items()})
display = TrainingDisplay.from_estimator(embedder)
display.figure_

# %%
# Samplers are steps of the Pipeline of imbalanced-learn, which does not pass callbacks on. Set them on the step::
#
#     pipeline = imblearn.pipeline.Pipeline([("resample", SMOGANRegressorResampler()), ("model", Ridge())])
#     pipeline["resample"].set_callbacks(ProgressBar())
#
# Without scikit-learn 1.9, ``verbose=1`` prints a line per evaluation, and ``max_time`` ends a training after a number
# of seconds.
