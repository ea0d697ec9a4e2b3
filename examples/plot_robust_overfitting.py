"""
Robust overfitting, seen and treated
====================================

Adversarial training fits each row where an attacker would move it. On a small table it can memorize its own
attacks: under attack, training rows get better and better while new rows get worse. `RobustATWrapper` looks for that on
rows that the network has not seen, treats it where it finds it, and reports what it did. Most tables of the benchmarks
do not have it.
"""

# %%
# It happens on this table: four classes, 300 rows, three labels in ten drawn anew.
import numpy as np
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split

from skgan_resample import AdversarialTrainingOptions, RobustATWrapper, ThreatModel
from skgan_resample.plots import RobustOverfittingDisplay

X, y = make_classification(
    3600, 20, n_informative=10, n_redundant=4, n_classes=4, n_clusters_per_class=2, class_sep=1.5, random_state=0
)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=300, test_size=1000, stratify=y, random_state=0)
rng = np.random.RandomState(0)
noisy = rng.uniform(size=len(y_train)) < 0.3
y_train = np.where(noisy, rng.randint(4, size=len(y_train)), y_train)

# %%
# The threat model is what an attacker may do: here move every column by up to 0.3 standard deviations. Few epochs and
# a weak training attack keep this example short.
options = AdversarialTrainingOptions(batch_size=32, learning_rate=0.1, validate_every=4)
settings = {"max_epochs": 32, "n_steps": 3, "training": options, "random_state": 0}
robust = RobustATWrapper(threat_model=ThreatModel(eps=0.3), **settings).fit(X_train, y_train)
print(robust.ro_report())

# %%
# The shaded area is one standard error over the held-out rows. There is robust overfitting where the solid line of
# plain training falls while the dotted one, its training rows, rises.
display = RobustOverfittingDisplay.from_estimator(robust)
display.figure_

# %%
# On a thousand new rows, beside the last epoch of plain adversarial training, with its cost without attack:
plain = RobustATWrapper(threat_model=ThreatModel(eps=0.3), ro_strategy=None, cv=None, **settings)
plain.fit(X_train, y_train)
for name, model in {"plain, last epoch": plain, robust.strategy_: robust}.items():
    print(f"{name}: clean {model.score(X_test, y_test):.3f}, robust {model.robust_score(X_test, y_test):.3f}")
