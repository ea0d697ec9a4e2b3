"""`make_robust_scorer` against closed forms of linear models, exhaustive search, and what a threat model allows."""

import copy
import itertools
import pickle
import warnings

import imblearn.pipeline
import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import RandomOverSampler
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, QuantileTransformer, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skgan_resample import AdversarialTrainingOptions, ResamplingWarning, RobustATWrapper
from skgan_resample.metrics import make_robust_scorer
from skgan_resample.threat import ThreatModel

SPEC = LogisticRegression(max_iter=1000)


def table(n_classes=2, n_rows=120, seed=0):
    """Four columns of very different scale."""
    X, y = make_classification(
        n_rows,
        4,
        n_informative=3,
        n_redundant=1,
        n_classes=n_classes,
        n_clusters_per_class=1,
        class_sep=0.6,
        flip_y=0.1,
        random_state=seed,
    )
    return X * [0.1, 1.0, 10.0, 100.0] + [0.0, 5.0, -3.0, 1000.0], y


EPS = {0: 0.03, 1: 0.3, 2: 3.0}  # column 3 is not moved


def scorer_of(**changes):
    return make_robust_scorer(ThreatModel(**{"eps": EPS, "unit": "raw", **changes}))


def logits_of(model, X):
    logits = model.decision_function(X) if hasattr(model, "decision_function") else np.log(model.predict_proba(X))
    if hasattr(model, "decision_function"):
        return np.column_stack([np.zeros(len(X)), logits]) if logits.ndim == 1 else logits
    return logits - logits[:, :1]


def closed_form(model, X, y, eps, norm):
    """Accuracy of a model whose logits are linear, under attack: the slopes are read off its own outputs."""
    origin = X.mean(axis=0)
    at_origin = logits_of(model, origin[None])[0]
    slopes = np.array([logits_of(model, (origin + step)[None])[0] - at_origin for step in np.eye(4)])
    logits = logits_of(model, X)
    survivors = 0
    for row, label in zip(logits, y):
        true = list(model.classes_).index(label)
        stands = True
        for other in range(len(row)):
            pull = np.abs(slopes[:, true] - slopes[:, other]) * eps
            reach = pull.sum() if norm == "linf" else np.sqrt((pull**2).sum())
            stands &= other == true or row[true] - row[other] > reach
        survivors += stands
    return survivors / len(y)


PIPELINES = [
    SPEC,
    LinearSVC(random_state=0),
    make_pipeline(StandardScaler(), SPEC),
    make_pipeline(MinMaxScaler(), LinearSVC()),
    make_pipeline(StandardScaler(), PCA(3), SPEC),
    make_pipeline("passthrough", make_pipeline(StandardScaler(), PCA()), SPEC),
    make_pipeline(StandardScaler(), MLPClassifier((), max_iter=30, random_state=0)),
    make_pipeline(make_column_transformer((StandardScaler(), [2, 0]), (MinMaxScaler(), [1])), SPEC),
    imblearn.pipeline.make_pipeline(RandomOverSampler(random_state=0), SPEC),
    imblearn.pipeline.make_pipeline(StandardScaler(), RandomOverSampler(random_state=0), LinearSVC()),
    make_pipeline(StandardScaler(), RobustATWrapper(SPEC, cv=None, max_epochs=3, device="cpu", random_state=0)),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "error::skgan_resample.ResamplingWarning")
@pytest.mark.parametrize(("n_classes", "norm"), [(2, "linf"), (3, "l2")])
@pytest.mark.parametrize("model", PIPELINES, ids=lambda model: "-".join(str(model).split()))
@pytest.mark.slow
def test_linear_models_are_attacked_by_the_closed_form_in_the_units_of_the_table(model, n_classes, norm):
    X, y = table(n_classes)
    model = clone(model).fit(X, y)
    report = scorer_of(norm=norm).report(model, X, y)
    assert report["attack"].startswith("white-box")
    assert report["clean"] == np.mean(model.predict(X) == y)
    expected = closed_form(model, X, y, [0.03, 0.3, 3.0, 0.0], norm)
    assert report["robust"] == pytest.approx(expected, abs=0.5 / len(y))
    assert expected < report["clean"] - 0.02
    assert scorer_of(norm=norm)(model, X, y) == report["robust"]


@pytest.mark.slow
def test_a_network_is_broken_through_its_scaler_as_it_is_without():
    X, y = table(3)
    alone = MLPClassifier((8,), max_iter=60, learning_rate_init=0.02, random_state=0)
    scaler = StandardScaler().fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = make_pipeline(StandardScaler(), alone).fit(X, y)
    through = scorer_of().report(model, X, y)
    scaled = ThreatModel({j: eps / scaler.scale_[j] for j, eps in EPS.items()}, unit="raw")
    direct = make_robust_scorer(scaled).report(model[-1], scaler.transform(X), y)
    assert (through["attack"], direct["attack"]) == ("white-box through the pipeline", "white-box")
    assert through["robust"] == pytest.approx(direct["robust"], abs=2 / len(y))
    assert through["robust"] < through["clean"] - 0.05


def bent(X):
    """Steps that are not affine on the rows or on where these can be moved."""
    return [
        QuantileTransformer(n_quantiles=20),
        MinMaxScaler(clip=True).fit(X[:10]),
        make_column_transformer((QuantileTransformer(n_quantiles=20), [0, 1, 2]), ("passthrough", [3])),
    ]


@pytest.mark.parametrize("number", [0, 1, 2], ids=["quantiles", "clipped", "hidden by a large column"])
@pytest.mark.slow
def test_a_step_that_is_not_affine_is_noticed_and_searched_with_one_warning(number):
    X, y = table()
    X[:, 3] *= 1e6
    step = bent(X)[number]
    step = step if number == 1 else step.fit(X)
    inputs = step.transform(X) * (np.abs(step.transform(X)).max(axis=0) < 1e3)  # none is learned of the large column
    model = make_pipeline(step, LogisticRegression(max_iter=1000).fit(inputs, y))
    with pytest.warns(ResamplingWarning, match="Pipeline is attacked through its predictions only") as caught:
        score = scorer_of()(model, X, y)
    assert len(caught) == 1
    report = scorer_of().report(model, X, y)
    assert report["attack"] == "black-box"
    assert report["robust"] == score < report["clean"]


def test_a_scaler_that_could_clip_but_does_not_is_seen_through():
    X, y = table()
    model = make_pipeline(MinMaxScaler((0.2, 0.8), clip=True), SPEC)
    model.fit(np.vstack([X, X.min(axis=0) - 100, X.max(axis=0) + 100]), [*y, 0, 1])
    plain = make_pipeline(MinMaxScaler((0.2, 0.8)), SPEC)
    plain.fit(np.vstack([X, X.min(axis=0) - 100, X.max(axis=0) + 100]), [*y, 0, 1])
    assert scorer_of().report(model, X, y) == scorer_of().report(plain, X, y)
    assert scorer_of().report(model, X, y)["attack"] == "white-box through the pipeline"


def test_a_search_is_its_best_estimator():
    X, y = table()
    search = GridSearchCV(make_pipeline(StandardScaler(), SPEC), {"logisticregression__C": [0.1, 1]}, cv=2).fit(X, y)
    assert scorer_of().report(search, X, y) == scorer_of().report(search.best_estimator_, X, y)
    assert scorer_of().report(search, X, y)["attack"] == "white-box through the pipeline"


@pytest.mark.filterwarnings("error")
@pytest.mark.slow
def test_a_frame_keeps_its_names():
    X, y = table()
    names = ["a", "b", "c", "d"]
    frame = pd.DataFrame(X, columns=names, index=np.arange(len(X)) + 7)
    steps = make_column_transformer((StandardScaler(), ["c", "a"]), (MinMaxScaler(), ["b"]))
    positions = make_column_transformer((StandardScaler(), [2, 0]), (MinMaxScaler(), [1]))
    threat = ThreatModel({names[j]: eps for j, eps in EPS.items()}, unit="raw")
    named = make_robust_scorer(threat).report(make_pipeline(steps, SPEC).fit(frame, y), frame, y)
    plain = scorer_of().report(make_pipeline(positions, SPEC).fit(X, y), X, y)
    assert named == {**plain, "threat_model": named["threat_model"]}
    model = RandomForestClassifier(10, random_state=0).fit(frame, y)  # would warn without names
    assert make_robust_scorer(threat).report(model, frame, y)["attack"] == "black-box"


@pytest.mark.parametrize("container", ["pandas", "polars"])
@pytest.mark.slow
def test_a_frame_of_levels_and_whole_numbers_is_handed_on_as_such(container):
    X, y = table()
    frame = pd.DataFrame({"x": X[:, 0], "town": np.array(["Ulm", "Bonn", "Kiel"])[np.arange(120) % 3], "n": y * 3})

    class Careful(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.classes_ = np.unique(y)
            return self

        def predict(self, X):
            X = X.to_pandas() if hasattr(X, "to_pandas") else X
            assert set(X["town"]) <= {"Ulm", "Bonn", "Kiel"}
            assert X["n"].dtype == np.int64
            assert X["x"].dtype == np.float64
            return ((X["n"] > 1) ^ (X["town"] == "Bonn")).astype(int).to_numpy()

    given = frame if container == "pandas" else pytest.importorskip("polars").from_pandas(frame)
    model = Careful().fit(given, y)
    none = make_robust_scorer(ThreatModel({"x": 1.0}, unit="raw")).report(model, given, y)
    assert none["robust"] == none["clean"] == np.mean(frame["town"] != "Bonn")
    one = make_robust_scorer(ThreatModel({"x": 1.0}, unit="raw", max_categorical_changes=1).fit(given)).report(
        model, given, y
    )
    assert one["robust"] == 0.0
    with pytest.raises(ValueError, match="must not depend on the rows that are scored"):
        make_robust_scorer(ThreatModel(unit="raw", max_categorical_changes=1)).report(model, given, y)
    steps = make_robust_scorer(ThreatModel({"n": 2.0}, unit="raw")).report(model, given, y)
    assert steps["robust"] == 0.0
    free = make_robust_scorer(ThreatModel({"n": 2.5}, unit="raw", integer_features=None)).report(model, given, y)
    assert free["robust"] == 0.0  # the column holds no fractions, whatever the threat model says


@pytest.mark.slow
def test_what_is_constant_in_the_scored_rows_can_be_moved_all_the_same():
    X, y = table()
    model = make_pipeline(StandardScaler(), SPEC).fit(X, y)
    whole = scorer_of().report(model, X, y)
    by_row = [scorer_of().report(model, X[[i]], y[[i]])["robust"] for i in range(12)]
    assert np.mean(by_row) == scorer_of().report(model, X[:12], y[:12])["robust"]
    assert whole["robust"] > 0.2
    group = np.column_stack([X, np.zeros(len(X)), np.ones(len(X))])
    model = LogisticRegression().fit(np.vstack([group, group[:, [0, 1, 2, 3, 5, 4]]]), np.repeat([0, 1], len(X)))
    switching = make_robust_scorer(ThreatModel(0.0, unit="raw", onehot_groups=[[4, 5]], max_categorical_changes=1))
    report = switching.report(model, group, np.zeros(len(X), dtype=int))
    assert (report["clean"], report["robust"]) == (1.0, 0.0)


# ------------------------------------------------------------------------------------------------ black box
def test_a_forest_is_searched_and_falls_with_the_budget():
    X, y = table()
    model = RandomForestClassifier(10, max_depth=4, random_state=0).fit(X, y)
    scores = []
    for factor in (0, 1, 4):
        scorer = make_robust_scorer(ThreatModel({j: factor * eps for j, eps in EPS.items()}, unit="raw"), n_queries=60)
        with pytest.warns(ResamplingWarning, match="RandomForestClassifier is attacked"):
            scores.append(scorer(model, X, y))
    assert scores[0] == model.score(X, y)
    assert scores[0] > scores[1] > scores[2]


class OnlyPredicts(ClassifierMixin, BaseEstimator):
    def __init__(self, model):
        self.model = model

    def fit(self, X, y):
        self.model_ = clone(self.model).fit(X, y)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        return self.model_.predict(X)


@pytest.mark.slow
def test_a_model_that_only_predicts_is_searched_too():
    X, y = table(3)
    model = OnlyPredicts(SPEC).fit(X, y)
    report = scorer_of().report(model, X, y)
    exact = scorer_of().report(model.model_, X, y)
    assert report["attack"] == "black-box"
    assert exact["robust"] <= report["robust"] < report["clean"] == exact["clean"]


def test_the_search_finds_no_more_than_there_is_and_most_of_it():
    rng = np.random.RandomState(0)
    X = np.column_stack([rng.randint(0, 12, size=(150, 3)), np.eye(2, dtype=int)[rng.randint(2, size=150)]])
    y = ((X[:, :3].sum(axis=1) + 4 * X[:, 3]) % 9 > 4).astype(int)
    model = DecisionTreeClassifier(max_depth=6, random_state=0).fit(X, y)
    threat = ThreatModel({0: 1, 1: 2}, unit="raw", onehot_groups=[[3, 4]], max_categorical_changes=1)
    broken = 0
    for row, label in zip(X, y):
        moves = [[row[0] + a, row[1] + b, *row[2:]] for a, b in itertools.product([-1, 0, 1], [-2, -1, 0, 1, 2])]
        moves += [[*move[:3], move[4], move[3]] for move in moves]
        broken += (model.predict(np.array(moves)) != label).any()
    exhaustive = 1 - broken / len(y)
    few, many = (
        make_robust_scorer(threat, n_queries=n_queries).report(model, X, y)["robust"] for n_queries in (3, 300)
    )
    assert exhaustive <= many <= exhaustive + 0.05
    assert few >= many
    assert exhaustive < model.score(X, y) - 0.2


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_the_search_finds_most_of_what_a_linear_model_loses(norm):
    X, y = table()
    linear = make_pipeline(StandardScaler(), SPEC).fit(X, y)

    class Opaque(OnlyPredicts):
        def predict_proba(self, X):
            return self.model_.predict_proba(X)

    model = Opaque(linear).fit(X, y)
    exact = closed_form(linear, X, y, [0.03, 0.3, 3.0, 0.0], norm)
    report = scorer_of(norm=norm).report(model, X, y)
    lost, found = report["clean"] - exact, report["clean"] - report["robust"]
    assert 0.9 * lost <= found <= lost + 1e-9


def test_rows_of_other_classes_are_left_alone():
    X, y = table()
    y = np.array(["legal", "fraud"])[y]
    threat = ThreatModel({0: 100.0, 1: 1e3, 2: 1e4, 3: 1e5}, unit="raw", attackable_classes=["fraud"])
    for model in (SPEC, OnlyPredicts(SPEC)):
        model = make_pipeline(StandardScaler(), model).fit(X, y)
        right = model.predict(X) == y
        report = make_robust_scorer(threat, n_queries=50).report(model, X, y)
        assert report["robust"] == np.mean(right & (y == "legal"))


# ------------------------------------------------------------------------------------------------ one yardstick
def wrapper(**changes):
    settings = {"cv": None, "max_epochs": 5, "device": "cpu", "random_state": 0}
    return RobustATWrapper(**{"estimator": SPEC, **settings, **changes})


def test_the_budget_of_the_candidate_plays_no_part():
    X, y = table()
    one = wrapper(threat_model=ThreatModel(0.1)).fit(X, y)
    other = copy.deepcopy(one).set_params(threat_model__eps=9.0)
    other.threat_model_ = ThreatModel(9.0, norm="l2", immutable=[0], attackable_classes=[1]).fit(X)
    for scorer in (scorer_of(), make_robust_scorer(ThreatModel(0.2).fit(X))):
        assert scorer.report(one, X, y) == scorer.report(other, X, y)
        assert scorer.report(one, X, y)["attack"] == "white-box"
        assert scorer(one, X, y) < one.score(X, y)


def test_a_fitted_yardstick_does_not_follow_the_rows_and_cannot_be_changed_later():
    X, y = table()
    model = wrapper().fit(X, y)
    threat = ThreatModel(0.3).fit(X)
    scorer = make_robust_scorer(threat)
    few = X[:, 0] < np.median(X[:, 0])  # rows of a smaller spread
    expected = np.mean(
        [scorer.report(model, X[part], y[part])["robust"] * part.mean() * 2 for part in (few, ~few)]
    )  # fmt: skip
    assert scorer(model, X, y) == pytest.approx(expected)
    before = scorer(model, X, y)
    threat.set_params(eps=30.0).fit(X)
    assert scorer(model, X, y) == before


def test_a_wrapper_is_scored_as_by_itself():
    X, y = table(3)
    model = wrapper().fit(X, y)
    threat = ThreatModel(0.3).fit(X)
    assert make_robust_scorer(threat)(model, X, y) == model.robust_score(X, y, threat_model=threat)
    target = X[:, 1] + X[:, 2]
    regression = wrapper(estimator=Ridge()).fit(X, target)
    assert make_robust_scorer(threat)(regression, X, target) == regression.robust_score(X, target, threat_model=threat)


def test_a_wrapper_and_the_same_model_without_torch_score_the_same():
    X, y = table(3)
    training = AdversarialTrainingOptions(optimizer="sgd", learning_rate=0.1)
    model = wrapper(estimator=MLPClassifier((6,)), training=training, max_epochs=20).fit(X, y)
    ours, theirs = (scorer_of().report(candidate, X, y) for candidate in (model, model.to_sklearn()))
    assert ours["clean"] == theirs["clean"]
    assert ours["robust"] == pytest.approx(theirs["robust"], abs=1 / len(y))


def test_clean_and_robust_are_mixed_by_weight():
    X, y = table()
    model = SPEC.fit(X, y)
    report = scorer_of().report(model, X, y)
    for weight in (0, 0.25, 1):
        scorer = make_robust_scorer(ThreatModel(EPS, unit="raw"), clean_weight=weight)
        assert scorer(model, X, y) == pytest.approx(weight * report["clean"] + (1 - weight) * report["robust"])


def test_rows_count_by_their_weight():
    X, y = table()
    model = SPEC.fit(X, y)
    weight = np.arange(len(y)) % 3
    repeated = np.repeat(np.arange(len(y)), weight)
    weighted, expanded = (
        scorer_of().report(model, X, y, weight), scorer_of().report(model, X[repeated], y[repeated])
    )  # fmt: skip
    assert weighted["robust"] == pytest.approx(expanded["robust"])
    assert weighted["clean"] == pytest.approx(expanded["clean"])


@pytest.mark.slow
def test_a_class_that_the_model_never_saw_is_wrong():
    X, y = table(3)
    seen = y != 1
    for model in (SPEC, wrapper(), RandomForestClassifier(5, random_state=0)):
        model = clone(model).fit(X[seen], y[seen])
        whole, part = (scorer_of().report(model, X[rows], y[rows]) for rows in (np.ones(len(y), bool), seen))
        assert whole["clean"] == pytest.approx(part["clean"] * seen.mean())
        assert whole["robust"] == pytest.approx(part["robust"] * seen.mean(), abs=0.02)
    beyond = np.where(y == 1, 7, y)  # sorted behind all known classes
    report = scorer_of().report(SPEC.fit(X[seen], y[seen]), X, beyond)
    assert report["clean"] == pytest.approx(np.mean(SPEC.predict(X) == beyond))


@pytest.mark.parametrize("threat", [ThreatModel(0.1), ThreatModel(0.1, unit="raw", bounds="train")], ids=repr)
def test_a_yardstick_that_would_follow_the_scored_rows_is_refused(threat):
    with pytest.raises(ValueError, match="must not depend on the rows that are scored"):
        make_robust_scorer(threat)


def test_other_refusals():
    with pytest.raises(TypeError, match="needs a ThreatModel; got float"):
        make_robust_scorer(0.1)
    with pytest.raises(ValueError, match="clean_weight must be in"):
        make_robust_scorer(ThreatModel(0.1, unit="raw"), clean_weight=1.5)
    X, y = table()
    with pytest.raises(TypeError, match="for classifiers, and for a RobustATWrapper that stands alone; got Ridge"):
        scorer_of()(Ridge().fit(X, y), X, y)


@pytest.mark.slow
def test_scores_repeat_leave_the_seeds_alone_and_survive_pickling(give_back):
    X, y = table()
    forest = RandomForestClassifier(5, random_state=0).fit(X, y)
    network = wrapper().fit(X, y)
    for model in (forest, network, SPEC.fit(X, y)):
        scorer = scorer_of()
        first = scorer.report(model, X, y)
        assert first == scorer.report(model, X, y) == pickle.loads(pickle.dumps(scorer)).report(model, X, y)


# ------------------------------------------------------------------------------------------------ selection
def strong_but_brittle(n=300, seed=0):
    """Column 0 gives the class away but by 0.2 only; column 1 is right for four rows of five, by 3."""
    rng = np.random.RandomState(seed)
    y = rng.randint(2, size=n)
    sign = 2 * y - 1
    kept = np.where(rng.uniform(size=n) < 0.8, 1, -1)
    X = np.column_stack([0.2 * sign, 3.0 * sign * kept]) + 0.02 * rng.normal(size=(n, 2))
    return X, y


@pytest.mark.slow
def test_a_search_over_eps_finds_the_robust_column_and_accuracy_the_brittle_one():
    X, y = strong_but_brittle()
    candidate = wrapper(
        estimator=LogisticRegression(C=100),
        threat_model=ThreatModel(unit="raw"),
        max_epochs=20,
        training=AdversarialTrainingOptions(batch_size=32),
    )
    scores = {}
    for name, scoring in {"robust": make_robust_scorer(ThreatModel(0.5, unit="raw")), "clean": "accuracy"}.items():
        search = GridSearchCV(
            candidate, {"threat_model__eps": [0.0, 0.5]}, scoring=scoring, cv=2, error_score="raise"
        ).fit(X, y)
        scores[name] = search.cv_results_["mean_test_score"]
    brittle, robust = zip(scores["clean"], scores["robust"])
    assert brittle[0] > 0.95
    assert brittle[1] < 0.3
    # No rule does better under attack than column 1 alone: column 0 can be turned round in every row.
    share = np.mean((X[:, 1] > 0) == y)
    assert robust == pytest.approx((share, share), abs=0.02)
