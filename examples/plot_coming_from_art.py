"""
Coming from the Adversarial Robustness Toolbox
==============================================

In the Adversarial Robustness Toolbox (ART) a network is wrapped, and then trained on attacked rows, in the units of its
input::

    classifier = PyTorchClassifier(network, loss=loss, optimizer=optimizer, input_shape=(30,), nb_classes=2)
    trainer = AdversarialTrainerMadryPGD(classifier, nb_epochs=60, batch_size=32, eps=0.1, eps_step=0.025, max_iter=7)
    trainer.fit(X_scaled, y)
    X_adv = ProjectedGradientDescent(classifier, eps=0.1, eps_step=0.025, max_iter=20).generate(X_scaled, y)

Here an estimator trains on the table itself, and a separate object holds what an attacker may do.
"""

# %%
# Measures of cell nuclei. An attacker moves each of them by up to ``eps`` standard deviations of its column.
import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgan_resample import RobustATWrapper, ThreatModel
from skgan_resample.metrics import make_robust_scorer

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, stratify=y, random_state=0)
ordinary = make_pipeline(StandardScaler(), MLPClassifier(max_iter=500, random_state=0)).fit(X_train, y_train)
robust = RobustATWrapper(threat_model=ThreatModel(eps=0.3), max_epochs=40, random_state=0).fit(X_train, y_train)
X_adv = robust.perturb(X_test, y_test)  # a frame like X_test, in its units, within the threat model
print(f"{robust.score(X_test, y_test):.3f} without attack, {robust.score(X_adv, y_test):.3f} on the attacked frame")

# %%
# What differs:
#
# ====================  ========================================  ==================================================
# .                     ART                                       here
# ====================  ========================================  ==================================================
# the model             a network of yours, wrapped               an estimator; a network of yours if you have one
# ``eps``               in units of what the network sees         in standard deviations, ranges or raw units
# columns               all alike, an array of ``eps``, a mask    by name: immutable, bounded, integer, nominal
# preprocessing         outside, before the attack                inside; attacks come back as a frame
# when to stop          after ``nb_epochs``                       where held-out rows, under attack, are best
# robust overfitting    not detected                              detected, treated where it is found, reported
# seeds                 those of torch and NumPy                  ``random_state``; global states are left alone
# scoring, searching    by hand                                   `make_robust_scorer`, for any search
# afterwards            the network                               ``to_sklearn()``, a model that needs no torch
# ====================  ========================================  ==================================================
#
# ART has many more attacks, other defences, images and sound, poisoning and privacy. Stay with it for these, and as a
# second opinion: an accuracy under attack is only as good as the attack.

# %%
# Both models get the same white-box attacks. Adversarial training helps where its line is the upper one; its cost is at
# the left, where nobody attacks.
budgets = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
figure, ax = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
for name, model, style in (
    ("MLPClassifier", ordinary, {"color": "#D55E00", "marker": "o"}),
    ("RobustATWrapper, trained at 0.3", robust, {"color": "#0072B2", "marker": "s", "linestyle": "--"}),
):
    accuracy = [make_robust_scorer(ThreatModel(eps=eps).fit(X_train))(model, X_test, y_test) for eps in budgets]
    print(name, [round(value, 3) for value in accuracy])
    ax.plot(budgets, accuracy, label=name, **style)
ax.axvline(0.3, color="#8C8C8C", linewidth=0.8, zorder=0)
ax.set(xlabel="eps, in standard deviations of each column", ylabel="accuracy under attack", ylim=(0, 1.02))
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False, loc="lower left")
