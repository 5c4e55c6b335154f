"""Many captures on a Dask cluster: the tables of `remb-replay batch`.

    python fleet_dask.py FOLDER OUT [--part 16] [--isolate] [--scheduler tcp://…]

The same step as in fleet_ray.py. A worker that dies costs its part, which is done again elsewhere; run again after a stop, it does what is
missing.
"""

import argparse

from dask.distributed import Client, as_completed

from remb_replay import fleet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("out")
    parser.add_argument("--part", type=int, default=16, help="captures a task")
    parser.add_argument("--isolate", action="store_true", help="each task's captures in a subprocess")
    parser.add_argument("--deadline", type=float, default=60.0, help="seconds a capture")
    parser.add_argument("--scheduler", help="of a running cluster; without one it is begun here")
    parser.add_argument("--workers", type=int, default=2, help="of the cluster that is begun here")
    args = parser.parse_args()

    paths = fleet.captures(args.folder)
    todo = fleet.parts(fleet.missing(paths, args.out), args.part)
    print(f"{len(paths)} captures, {sum(map(len, todo))} to do", flush=True)
    if not todo:
        return
    here = {"n_workers": args.workers, "threads_per_worker": 1, "dashboard_address": None}
    with Client(args.scheduler) if args.scheduler else Client(**here) as client:
        settings = {"deadline_s": args.deadline, "isolate": args.isolate}
        # Results are files: a task is pure in nothing but them, and is never left out as done before.
        tasks = [client.submit(fleet.step, part, args.out, pure=False, retries=2, **settings) for part in todo]
        done = [task.result() for task in as_completed(tasks)]
    print(f"{sum(row['captures'] for row in done)} done, {sum(row['failed'] for row in done)} of them failed")


if __name__ == "__main__":
    main()
