#!/usr/bin/env bash
# Installs SLURM on Debian or Ubuntu, as root, without starting any service: the tests start their own.
set -euo pipefail

needed=(slurmctld slurmd slurm-client munge)
if command -v slurmctld slurmd sbatch munged >/dev/null; then
    exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "the SLURM tests install packages: they need root, on Debian or Ubuntu" >&2
    exit 1
fi
if [ ! -e /usr/sbin/policy-rc.d ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    install -m 755 /dev/stdin /usr/sbin/policy-rc.d <<<$'#!/bin/sh\nexit 101'
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${needed[@]}" >/dev/null
