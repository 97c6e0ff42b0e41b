#!/bin/bash
# A run on Slurm: sbatch --nodes=4 slurm.sh videos.csv /shared/thumbnails
# The folder is shared by all nodes, or an s3:// address; the environment is activated before.
#SBATCH --job-name=thumbnails
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --exclusive
set -euo pipefail
videos=$1 out=$2 port=6379

export RAY_worker_niceness=0 RAY_USAGE_STATS_ENABLED=0
mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
head=$(srun --nodes=1 --ntasks=1 --nodelist="${nodes[0]}" hostname --ip-address | awk '{print $1}')

srun --nodes=1 --ntasks=1 --overlap --nodelist="${nodes[0]}" \
    ray start --head --node-ip-address="$head" --port=$port --num-cpus="$SLURM_CPUS_PER_TASK" --block &
sleep 20
for node in "${nodes[@]:1}"; do
    srun --nodes=1 --ntasks=1 --overlap --nodelist="$node" \
        ray start --address="$head:$port" --num-cpus="$SLURM_CPUS_PER_TASK" --block &
done
sleep 20
# This script runs on the first node, the head. The jobs of ray end with it.
thumbnail-tasks export "$videos" --out "$out" --cluster "$head:$port" --set execution.cpus=4
