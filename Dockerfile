# The service and its commands, without a shell, a package manager, or anything else that production does not run.
# docs/docker.md says how to run it, and why it is made in this way.
#
#   docker build -t key-connector .

# A Debian with Node 24. Releases are built from a digest: --build-arg NODE_IMAGE=docker.io/library/node@sha256:…
ARG NODE_IMAGE=docker.io/library/node:24.21.0-trixie-slim

# JavaScript is the same on every processor: it is made on the one that builds.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS bundle
WORKDIR /work
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
# Behind the image's own Node: the package of that name is not set up here.
RUN PATH="$PATH:/work/node_modules/.bin" node scripts/build.ts key-connector cli && node scripts/bundle.ts

# Native code is the target's own. pkcs11js is compiled, with the headers that came with Node.
FROM ${NODE_IMAGE} AS packages
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends g++ make python3 && rm -rf /var/lib/apt/lists/*
WORKDIR /work
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
    && npm_config_nodedir=/usr/local npm rebuild pkcs11js --foreground-scripts
COPY scripts/image scripts/image
RUN node scripts/image/packages.ts node_modules /packages

FROM ${NODE_IMAGE} AS system
COPY scripts/image /work
RUN node /work/system.ts /system

FROM scratch AS files
COPY --from=system /system /
COPY --from=packages /packages /opt/key-connector/node_modules
COPY --from=bundle /work/dist/bundle /opt/key-connector
COPY --chmod=0755 scripts/image/key-connector /usr/local/bin/key-connector

# Starts the service once, as the user and under the flags that it will have: Node asks for the same of compiled code.
FROM files AS compiled
COPY scripts/image/compile.ts /work/
ENV NODE_ENV=production \
    NODE_OPTIONS="--max-old-space-size=256 --max-semi-space-size=8"
RUN ["/usr/local/bin/node", "/work/compile.ts", "/compiled", "service"]
# Without a shell, each is a step of its own.
# hadolint ignore=DL3059
RUN ["/usr/local/bin/node", "/work/compile.ts", "/compiled", "commands"]

FROM files
COPY --from=compiled --chown=0:0 --chmod=0555 /compiled /opt/key-connector/compiled
# NODE_OPTIONS bounds V8's heap, docs/operations.md; another value takes its place.
ENV NODE_ENV=production \
    NODE_OPTIONS="--max-old-space-size=256 --max-semi-space-size=8" \
    NODE_COMPILE_CACHE=/opt/key-connector/compiled
USER 65532:65532
WORKDIR /opt/key-connector
EXPOSE 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["/usr/local/bin/key-connector", "health"]
ENTRYPOINT ["/usr/local/bin/node", "--disable-sigusr1", "/opt/key-connector/service.js"]
