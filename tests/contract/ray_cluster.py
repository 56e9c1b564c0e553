"""Three machines of a Ray cluster, in a process of their own; the one that is at a task is killed.

    python tests/contract/ray_cluster.py FOLDER
"""

import os
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
os.environ |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
               "RAY_AUTH_MODE": "disabled", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


def begun(folder: str) -> str:
    """Say on which machine it is and take long there, but on the second one."""
    import ray

    here = ray.get_runtime_context().get_node_id()
    marks = list(Path(folder).iterdir())
    (Path(folder) / here).touch()
    if not marks:
        time.sleep(120)
    return here


def main(folder: Path) -> None:
    import ray
    from fleet_tasks import squared
    from ray.cluster_utils import Cluster

    from wattcast.fleet.executors.base import Limits, Task
    from wattcast.fleet.executors.ray import Ray

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")

    def kill_the_one_at_work() -> None:
        while not (marks := list(folder.iterdir())):
            time.sleep(0.1)
        (node,) = (node for node in nodes if node.node_id == marks[0].name)
        cluster.remove_node(node, allow_graceful=False)

    killer = threading.Thread(target=kill_the_one_at_work)
    killer.start()
    (found,) = Ray(1, cluster.address).run(begun, [Task("one", str(folder))], Limits())
    killer.join()
    assert found.error is None, found.error
    assert {mark.name for mark in folder.iterdir()} == {node.node_id for node in nodes}
    others = list(Ray(1, cluster.address).run(squared, [Task(str(n), n) for n in range(5)], Limits()))
    assert sorted(outcome.result for outcome in others) == [0, 1, 4, 9, 16]
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
