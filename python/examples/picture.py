"""Draws a call: incoming rate, estimate and REMBs above, the delay gradient against its threshold below.

    python picture.py CAPTURE PICTURE.png
"""

import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

import remb_replay as rr

capture, picture = sys.argv[1:3]
call = rr.replay(capture)
estimate = pd.DataFrame.from_arrow(call.estimate)
remb = pd.DataFrame.from_arrow(call.remb)
flow = call.summary["flows"][0]["flow"]
estimate, remb = (table[table.flow == flow] for table in (estimate, remb))

figure, (rates, gradient) = plt.subplots(2, sharex=True, figsize=(12, 7), height_ratios=[2, 1], layout="constrained")
rates.plot(estimate.time_s, estimate.incoming_bps / 1e6, color="0.7", linewidth=0.8, label="incoming")
rates.plot(estimate.time_s, estimate.estimate_bps / 1e6, color="tab:blue", linewidth=1.5, label="estimate")
rates.plot(remb.time_s, remb.bitrate_bps / 1e6, ".", color="tab:red", markersize=4, label="REMB")
rates.set_ylabel("Mbit/s")
rates.set_ylim(bottom=0)
rates.set_title(f"{capture}\n{flow}", fontsize=10)
rates.legend(loc="upper right")

groups = estimate[estimate.send_delta_ms.notna()]
scaled = groups.offset_ms * groups.num_deltas.clip(upper=60)
gradient.plot(groups.time_s, scaled, color="tab:purple", linewidth=0.8, label="delay gradient × deltas")
gradient.plot(groups.time_s, groups.threshold_ms, color="0.3", linewidth=0.8, label="threshold")
gradient.plot(groups.time_s, -groups.threshold_ms, color="0.3", linewidth=0.8)
gradient.fill_between(
    groups.time_s, 0, 1, where=groups.usage == "overuse", transform=gradient.get_xaxis_transform(),
    color="tab:red", alpha=0.2, linewidth=0, label="over-use",
)
limit = 3 * groups.threshold_ms.quantile(0.99)
gradient.set_ylim(-limit, limit)
gradient.set_ylabel("ms")
gradient.set_xlabel("seconds since the first frame")
gradient.legend(loc="upper right", fontsize=8)
figure.savefig(picture, dpi=120)
