"""Many captures on a Ray cluster: the tables of `remb-replay batch`, or with -L and -P the table of `remb-replay sweep`.

    python fleet_ray.py FOLDER OUT [--part 16] [--isolate] [--address auto]
    python fleet_ray.py FOLDER OUT.csv -P rate_control.backoff_factor=0.8:0.9:0.025

FOLDER and OUT are on a file system that all machines have. A worker that dies costs its part, which is done again elsewhere; run again
after a stop, it does what is missing.
"""

import argparse

import pandas
import ray

import remb_replay as rr
from remb_replay import fleet

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("folder")
parser.add_argument("out")
parser.add_argument("--part", type=int, default=16, help="captures a task")
parser.add_argument("--isolate", action="store_true", help="each task's captures in a subprocess")
parser.add_argument("--deadline", type=float, default=60.0, help="seconds a capture")
parser.add_argument("--max-errors", type=int, default=10, help="so many parts may fail for good")
parser.add_argument("--address", help="of a running cluster; without one it is begun here")
parser.add_argument("--cpus", type=int, help="of the cluster that is begun here")
parser.add_argument("-L", dest="lists", action="append", default=[], metavar="NAME=a,b,c")
parser.add_argument("-P", dest="ranges", action="append", default=[], metavar="NAME=low:high:step")
args = parser.parse_args()

paths = fleet.captures(args.folder)
ray.init(address=args.address, num_cpus=args.cpus, include_dashboard=False, log_to_driver=False)
context = ray.data.DataContext.get_current()
context.max_errored_blocks = args.max_errors
context.enable_progress_bars = False

if args.lists or args.ranges:
    grid = {"lists": args.lists, "ranges": args.ranges}
    captures = ray.data.from_items([{"place": place, "path": path} for place, path in enumerate(paths)])
    done = captures.map(lambda row: {"place": row["place"], "part": fleet.swept(row["path"], **grid)}, num_cpus=1)
    swept = [row["part"] for row in sorted(done.take_all(), key=lambda row: row["place"]) if row["part"] is not None]
    pandas.DataFrame.from_arrow(rr.rank(swept, **grid)).to_csv(args.out, index=False)
    print(f"{len(paths)} captures, {len(paths) - len(swept)} of them left out")
else:
    settings = {"deadline_s": args.deadline, "isolate": args.isolate}
    todo = fleet.parts(fleet.missing(paths, args.out), args.part)
    print(f"{len(paths)} captures, {sum(map(len, todo))} to do", flush=True)
    if todo:
        tasks = ray.data.from_items([{"paths": part} for part in todo], override_num_blocks=len(todo))
        done = tasks.map(lambda row: fleet.step(row["paths"], args.out, **settings), num_cpus=1).take_all()
        print(f"{sum(row['captures'] for row in done)} done, {sum(row['failed'] for row in done)} of them failed")
