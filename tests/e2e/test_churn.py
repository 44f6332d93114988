#!/usr/bin/env python3
"""At least 12 participants joining and leaving at random: every member opens every frame of its epochs, nobody any other,
and all hold the same context."""

import sys

import common
import churn


def body(m, args):
    crowd = churn.Crowd(m, args.random)
    crowd.gather()
    crowd.churn(args.seconds)
    crowd.settle()
    print(f"{crowd.joins} joins, {crowd.leaves} leaves in {args.seconds} s", flush=True)
    common.judge(m, least_frames=10000)
    common.judge_watch(m)


def options(parser):
    parser.add_argument("--seconds", type=int, default=300 if common.DEEP else 60, help="of churn")


if __name__ == "__main__":
    sys.exit(common.run(common.arguments("churn", options), body, watch=True))
