#!/bin/bash
# KAFKA_X_Y becomes the property x.y, as the public image does it; the storage is formatted once.
set -euo pipefail
env | sed -n 's/^KAFKA_\([A-Z_]*\)=/\1=/p' | while IFS='=' read -r name value; do
  [ "$name" = HEAP_OPTS ] || echo "$(echo "$name" | tr 'A-Z_' 'a-z.')=$value"
done > /etc/kafka/server.properties
run() { java ${KAFKA_HEAP_OPTS:--Xmx512m} -cp '/opt/kafka/libs/*' "$@"; }
[ -e /var/lib/kafka/data/meta.properties ] ||
  run kafka.tools.StorageTool format --ignore-formatted --cluster-id "$CLUSTER_ID" --config /etc/kafka/server.properties
exec java ${KAFKA_HEAP_OPTS:--Xmx512m} -cp '/opt/kafka/libs/*' kafka.Kafka /etc/kafka/server.properties
