"""How long does the import take? This package against imbalanced-learn, each in fresh processes, by turns.

OMP_NUM_THREADS=1 python benchmarks/import_time.py
"""

import statistics
import subprocess
import sys
import time

from _common import Results

STATEMENTS = {
    "interpreter": "pass",
    "import imblearn": "import imblearn",
    "import skgan_resample": "import skgan_resample",
    "from imblearn.over_sampling import SMOTE": "from imblearn.over_sampling import SMOTE",
    "from skgan_resample import SMOGN": "from skgan_resample import SMOGN",
}
ROUNDS = 15


def main():
    seconds = {name: [] for name in STATEMENTS}
    for _ in range(ROUNDS):
        for name, statement in STATEMENTS.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", statement], check=True)
            seconds[name].append(time.perf_counter() - started)
    loaded = "import sys, skgan_resample; from skgan_resample import SMOGN; print('torch' in sys.modules)"
    torch = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.strip()
    results = Results("import_time", rounds=ROUNDS, torch_loaded=torch)
    results.path.unlink(missing_ok=True)
    results.rows = []
    for name, times in seconds.items():
        base = "from imblearn.over_sampling import SMOTE" if name.startswith("from") else "import imblearn"
        ratio = statistics.median(times) / statistics.median(seconds[base])
        results.add(statement=name, median_seconds=statistics.median(times), ratio=ratio, ratio_to=base)


if __name__ == "__main__":
    main()
