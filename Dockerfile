# syntax=docker/dockerfile:1
# Four images from one file:
#   docker build .                         the official Kong, with the three plugins and our plugin server
#   docker build --target plugin-server .  our plugin server alone, for a container beside an unmodified Kong
#   docker build --target stock .          the official Kong, with the three plugins and Kong's own plugin server
#   docker build --target dev .            the stand-ins and the story, for development and test only

FROM node:24-bookworm-slim AS dev
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build
# Shared with the gateway's containers by docker-compose.yml; whoever runs in any of them may write here.
RUN mkdir -m 1777 /story
USER node

FROM node:24-bookworm-slim AS plugin-server
# A user and a group of its own, by numbers: Kubernetes cannot tell a name from root, and Kong's container is put into
# the group by its number. No image brings that group, so nobody is in it by accident, as in node's and Kong's 1000.
# Of the volume, the group may find what is in it, and only the server's user may put anything there.
RUN groupadd --gid 10001 plugin-server \
  && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin plugin-server \
  && install --directory --owner=10001 --group=10001 --mode=2750 /run/cloud-run-auth
WORKDIR /opt/kong-cloud-run-auth
COPY --from=dev /app/dist dist
COPY docker/serve-sidecar bin/serve-sidecar
USER 10001:10001
VOLUME /run/cloud-run-auth
EXPOSE 9100
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9100/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/opt/kong-cloud-run-auth/bin/serve-sidecar"]

FROM kong:3.9 AS kong-with-node
USER root
# What the official Node binary links against, beside the C library.
RUN apt-get update \
  && apt-get install -y --no-install-recommends libstdc++6 libatomic1 \
  && rm -rf /var/lib/apt/lists/*
COPY --from=dev /usr/local/bin/node /usr/local/bin/node
RUN node --version && mkdir -m 1777 /story
WORKDIR /opt/kong-cloud-run-auth
COPY --from=dev /app/dist dist
COPY docker/container-stderr docker/start-plugin-server docker/start-stock-plugin-server bin/
WORKDIR /
USER kong
# One plugin server, three entries: Kong 3.9 uses only the first plugin that an entry's query_cmd prints.
ENV KONG_PLUGINS=bundled,oidc-authorizer,policy-evaluator,cloud-run-token \
    KONG_PLUGINSERVER_NAMES=oidc-authorizer,policy-evaluator,cloud-run-token \
    KONG_PLUGINSERVER_OIDC_AUTHORIZER_SOCKET=/usr/local/kong/cloud-run-auth.sock \
    KONG_PLUGINSERVER_POLICY_EVALUATOR_SOCKET=/usr/local/kong/cloud-run-auth.sock \
    KONG_PLUGINSERVER_CLOUD_RUN_TOKEN_SOCKET=/usr/local/kong/cloud-run-auth.sock
# nginx hides the environment from what it starts, but for the variables named here.
ENV KONG_NGINX_MAIN_ENV="PLUGIN_SERVER_STDERR; env GOOGLE_APPLICATION_CREDENTIALS; env GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES; env GCE_METADATA_HOST; env AWS_REGION; env AWS_DEFAULT_REGION; env AWS_CONTAINER_CREDENTIALS_RELATIVE_URI; env AWS_CONTAINER_CREDENTIALS_FULL_URI; env AWS_CONTAINER_AUTHORIZATION_TOKEN; env AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE; env NODE_OPTIONS; env NODE_EXTRA_CA_CERTS; env HTTPS_PROXY; env NO_PROXY"
# Kong is up before its plugin server is, and answers 500 until then.
HEALTHCHECK --interval=10s --timeout=10s --start-period=20s --retries=10 \
  CMD kong health && node -e "require('node:net').connect('/usr/local/kong/cloud-run-auth.sock').on('connect', () => process.exit(0)).on('error', () => process.exit(1))"

FROM node:24-bookworm-slim AS stock-modules
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM kong-with-node AS stock
COPY --from=stock-modules /app/node_modules /opt/kong-cloud-run-auth/node_modules
ENV KONG_PLUGINSERVER_OIDC_AUTHORIZER_START_CMD=/opt/kong-cloud-run-auth/bin/start-stock-plugin-server \
    KONG_PLUGINSERVER_OIDC_AUTHORIZER_QUERY_CMD="cat /opt/kong-cloud-run-auth/dist/plugin-info/stock/oidc-authorizer.json" \
    KONG_PLUGINSERVER_POLICY_EVALUATOR_QUERY_CMD="cat /opt/kong-cloud-run-auth/dist/plugin-info/stock/policy-evaluator.json" \
    KONG_PLUGINSERVER_CLOUD_RUN_TOKEN_QUERY_CMD="cat /opt/kong-cloud-run-auth/dist/plugin-info/stock/cloud-run-token.json"

FROM kong-with-node AS gateway
ENV KONG_PLUGINSERVER_OIDC_AUTHORIZER_START_CMD=/opt/kong-cloud-run-auth/bin/start-plugin-server \
    KONG_PLUGINSERVER_OIDC_AUTHORIZER_QUERY_CMD="cat /opt/kong-cloud-run-auth/dist/plugin-info/oidc-authorizer.json" \
    KONG_PLUGINSERVER_POLICY_EVALUATOR_QUERY_CMD="cat /opt/kong-cloud-run-auth/dist/plugin-info/policy-evaluator.json" \
    KONG_PLUGINSERVER_CLOUD_RUN_TOKEN_QUERY_CMD="cat /opt/kong-cloud-run-auth/dist/plugin-info/cloud-run-token.json"
